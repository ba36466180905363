#include "lab/service.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "lab/units.h"
#include "weir/base/assert.h"

namespace weir::lab {

struct Service::Job {
  Job(Service& owner, JobId number, const CallRoute* found)
      : service(owner),
        id(number),
        route(found),
        timer(owner.loop_.timers(), net::Callback::to<&Job::on_timer>(this)) {}

  void on_timer() { service.on_work_done(*this); }

  Service& service;
  JobId id;
  const CallRoute* route;
  Instant due{};
  int status = 200;
  size_t next_call = 0;
  size_t calls_open = 0;
  net::Timer timer;
};

Service::Service(net::EventLoop& loop, net::Fd listening_socket, ServiceOptions options)
    : loop_(loop),
      options_(std::move(options)),
      rng_(options_.seed),
      started_(loop.now()),
      station_(options_.station),
      fault_timer_(loop.timers(), net::Callback::to<&Service::apply_health>(this)),
      server_(loop, std::move(listening_socket), *this) {
  for (const CallRoute& route : options_.calls)
    for (const Call& call : route.calls) client(call);
  apply_health();
}

Service::~Service() = default;

void Service::on_request(ExchangeId exchange, const http::RequestHead& head) {
  const std::string_view path = head.path();
  if (path.starts_with("/lab/")) return control(exchange, head);
  const Station::Arrival arrival = station_.arrive(exchange, loop_.now());
  if (arrival == Station::Arrival::kRefused) {
    return server_.answer(exchange, {.status = 503, .body = "queue full\n"});
  }
  jobs_.emplace(exchange, std::make_unique<Job>(*this, exchange, find_route(options_.calls, path)));
  if (arrival == Station::Arrival::kStarted) start({exchange, loop_.now()});
}

void Service::on_caller_left(ExchangeId exchange) {
  station_.caller_left(exchange);
}

void Service::start(const Station::Start& start) {
  Job& job = *jobs_.at(start.job);
  const Health now = health();
  if (rng_.uniform() < now.failure_ratio) job.status = 500;
  const double seconds = to_seconds(options_.service_time.draw(rng_)) * now.slow_factor;
  burn_cpu();
  job.due = start.since + from_seconds(seconds);
  job.timer.arm(job.due);
}

void Service::on_work_done(Job& job) {
  if (job.status == 500) ++failed_;
  if (job.route == nullptr || job.status != 200) return finish(job, job.due);
  call_next(job);
}

void Service::call_next(Job& job) {
  const CallRoute& route = *job.route;
  const size_t upto = route.parallel ? route.calls.size() : job.next_call + 1;
  job.calls_open = upto - job.next_call;
  while (job.next_call < upto) call_one(job, job.next_call++);
}

void Service::call_one(Job& job, size_t index) {
  const Call& call = job.route->calls[index];
  client(call).call(call.request, loop_.now() + options_.call_timeout,
                    [this, id = job.id](const Reply& reply) { on_reply(id, reply); });
}

void Service::on_reply(JobId id, const Reply& reply) {
  Job& job = *jobs_.at(id);
  const bool good = reply.kind == Reply::Kind::kAnswered && reply.status < 400;
  if (reply.kind == Reply::Kind::kTimedOut) {
    ++calls_timed_out_;
    job.status = 504;
  } else if (!good) {
    ++calls_failed_;
    job.status = 502;
  }
  if (--job.calls_open > 0) return;
  if (job.status == 200 && job.next_call < job.route->calls.size()) return call_next(job);
  finish(job, loop_.now());
}

void Service::finish(Job& job, Instant due) {
  const JobId id = job.id;
  Answer answer;
  answer.status = job.status;
  if (job.status == 200) {
    answer.filler_bytes = options_.body_bytes;
  } else {
    answer.body = options_.name + (job.status == 500 ? " failed\n" : " could not be completed\n");
  }
  const auto next = station_.finish(id, due);
  jobs_.erase(id);
  if (next) start(*next);
  server_.answer(id, answer);
}

void Service::burn_cpu() {
  if (options_.cpu <= Duration::zero()) return;
  const Instant until = loop_.update_now() + options_.cpu;
  while (loop_.update_now() < until) {
  }
}

HttpClient& Service::client(const Call& call) {
  auto& client = clients_[call.endpoint];
  if (!client) client = std::make_unique<HttpClient>(loop_, call.address);
  return *client;
}

Health Service::health() const {
  Health now = options_.faults.at(loop_.now() - started_);
  now.slow_factor *= manual_.slow_factor;
  now.failure_ratio = std::min(1.0, now.failure_ratio + manual_.failure_ratio);
  now.workers_lost += manual_.workers_lost;
  return now;
}

void Service::apply_health() {
  const Duration next = options_.faults.next_change(loop_.now() - started_);
  if (next != Duration::max()) fault_timer_.arm(started_ + next);
  for (const auto& freed : station_.lose_workers(health().workers_lost, loop_.now())) start(freed);
}

void Service::control(ExchangeId exchange, const http::RequestHead& head) {
  std::string_view path = head.path().substr(std::string_view("/lab/").size());
  const size_t question = path.find('?');
  const std::string_view query = question == path.npos ? "" : path.substr(question + 1);
  path = path.substr(0, question);
  if (path == "stats") {
    return server_.answer(exchange, {.content_type = "application/json", .body = stats_json()});
  }
  if (head.method != http::Method::kPost) {
    return server_.answer(exchange, {.status = 405, .body = "use POST, or GET /lab/stats\n"});
  }
  if (const auto done = set_fault(path, query); !done) {
    const std::string text = done.error().message + "; " + done.error().remedy + "\n";
    return server_.answer(exchange, {.status = 400, .body = text});
  }
  apply_health();
  server_.answer(exchange, {.content_type = "application/json", .body = stats_json()});
}

Expected<void> Service::set_fault(std::string_view action, std::string_view query) {
  const size_t equals = query.find('=');
  const std::string_view name = query.substr(0, equals);
  const std::string_view value = equals == query.npos ? "" : query.substr(equals + 1);
  if (action == "reset") {
    manual_ = {};
    return {};
  }
  if (action == "slow" && name == "factor") {
    return parse_factor(value).map([this](double factor) { manual_.slow_factor = factor; });
  }
  if (action == "fail" && name == "ratio") {
    return parse_ratio(value).map([this](double ratio) { manual_.failure_ratio = ratio; });
  }
  if (action == "lose" && name == "workers") {
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), manual_.workers_lost);
    if (error == std::errc()) return {};
  }
  return usage_error("no such control",
                     "POST /lab/slow?factor=10x, /lab/fail?ratio=50%, /lab/lose?workers=6 or "
                     "/lab/reset");
}

std::string Service::stats_json() const {
  const StationStats stats = station_.stats();
  const Health now = health();
  nlohmann::ordered_json json;
  json["name"] = options_.name;
  json["uptime_s"] = to_seconds(loop_.now() - started_);
  json["arrivals"] = stats.arrivals;
  json["completions"] = stats.completions;
  json["refused"] = stats.refused;
  json["failed"] = failed_;
  json["wasted"] = stats.wasted;
  json["in_flight"] = stats.in_flight;
  json["queued"] = stats.queued;
  json["workers"] = stats.workers;
  json["calls_failed"] = calls_failed_;
  json["calls_timed_out"] = calls_timed_out_;
  json["slow_factor"] = now.slow_factor;
  json["failure_ratio"] = now.failure_ratio;
  return json.dump() + "\n";
}

}  // namespace weir::lab
