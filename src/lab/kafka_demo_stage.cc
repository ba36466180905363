#include "lab/kafka_demo_stage.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "lab/format.h"

namespace weir::lab {
namespace {

using namespace std::chrono_literals;

constexpr const char* kTopic = "orders";
constexpr Duration kTick = 10ms;
constexpr Duration kLookEvery = 250ms;
constexpr Duration kPatience = 200ms;
constexpr Duration kOpeningMax = 20s;  // the bridge joins its group
constexpr size_t kValueBytes = 100;

/// The configuration that the bridge is given: addresses and names, no limit and no rate.
std::string config_text(const net::Address& service, const net::Address& admin,
                        const std::string& brokers) {
  return "version: 1\nlisten: { admin: \"" + admin.to_string() +
         "\" }\nupstreams:\n  service: { to: [\"http://" + service.to_string() +
         "\"] }\nkafka:\n  - consume: { brokers: \"" + brokers + "\", topic: " + kTopic +
         ", group: demo }\n    deliver: { to: service, path: /orders }\n";
}

Expected<void> write_config(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (file) return {};
  return tl::unexpected(Error{ErrorKind::kInternal, "cannot write " + path, {}});
}

/// The sum over all series of the metric whose labels contain `label`, in Prometheus text.
double metric(std::string_view text, std::string_view name, std::string_view label = {}) {
  double sum = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t space = line.rfind(' ');
    if (!line.starts_with(name) || space == line.npos) continue;
    if (line[name.size()] != '{' && line[name.size()] != ' ') continue;
    if (line.find(label) == line.npos) continue;
    sum += std::strtod(std::string(line.substr(space + 1)).c_str(), nullptr);
  }
  return sum;
}

uint64_t counted(std::string_view text, std::string_view name, std::string_view label = {}) {
  return static_cast<uint64_t>(metric(text, name, label));
}

}  // namespace

Expected<std::unique_ptr<KafkaDemoStage>> KafkaDemoStage::open(net::EventLoop& loop,
                                                               const KafkaDemoPlan& plan,
                                                               const std::string& log_folder,
                                                               Done done) {
  auto kafka = MockKafka::make();
  if (!kafka) return tl::unexpected(kafka.error());
  // The mock cluster makes no topics for clients, so those that the bridge wants are made here.
  const std::string topic = kTopic;
  for (const std::string& name : {topic, topic + ".retry.1", topic + ".retry.2", topic + ".dlq"}) {
    const auto made = (*kafka)->create_topic(name, plan.partitions);
    if (!made) return tl::unexpected(made.error());
  }
  const auto ports = free_ports(2);
  if (!ports) return tl::unexpected(ports.error());
  const auto at = [](uint16_t port) {
    return *net::Address::resolve("127.0.0.1:" + std::to_string(port));
  };
  std::unique_ptr<KafkaDemoStage> stage(new KafkaDemoStage(
      loop, plan, std::move(*kafka), at((*ports)[0]), at((*ports)[1]), std::move(done)));
  if (const auto started = stage->start(log_folder); !started)
    return tl::unexpected(started.error());
  return stage;
}

KafkaDemoStage::KafkaDemoStage(net::EventLoop& loop, const KafkaDemoPlan& plan,
                               std::unique_ptr<MockKafka> kafka, net::Address service,
                               net::Address admin, Done done)
    : loop_(loop),
      plan_(plan),
      kafka_(std::move(kafka)),
      service_address_(service),
      admin_address_(admin),
      done_(std::move(done)),
      service_(loop, service, 4),
      admin_(loop, admin, 4),
      stats_request_(get_request("/lab/stats", service.to_string())),
      metrics_request_(get_request("/metrics", admin.to_string())),
      opened_(loop.update_now()),
      timer_(loop.timers(), net::Callback::to<&KafkaDemoStage::tick>(this)) {
  result_.plan = plan;
  timer_.arm(loop.now() + kTick);
}

Expected<void> KafkaDemoStage::start(const std::string& log_folder) {
  const std::string config = log_folder + "/bridge.yaml";
  const auto written =
      write_config(config, config_text(service_address_, admin_address_, kafka_->bootstrap()));
  if (!written) return written;
  const std::string time = format(
      "exp:%lldms", static_cast<long long>(
                        std::chrono::duration_cast<std::chrono::milliseconds>(plan_.time).count()));
  const std::vector<std::vector<std::string>> commands{
      {"lab", "service", "--listen", service_address_.to_string(), "--workers",
       std::to_string(plan_.workers), "--time", time, "--body", "1B"},
      {"bridge", "-c", config}};
  for (const auto& words : commands) {
    auto process = Process::start(words, log_folder + "/" + words.front() + ".log");
    if (!process) return tl::unexpected(process.error());
    processes_.push_back(std::move(*process));
  }
  return {};
}

void KafkaDemoStage::tick() {
  timer_.arm(loop_.now() + kTick);
  for (size_t i = 0; i < processes_.size(); ++i) {
    if (processes_[i].running()) continue;
    return end(tl::unexpected(
        Error{ErrorKind::kInternal,
              std::string("the process of the ") + (i == 0 ? "service" : "bridge") + " has died",
              {}}));
  }
  kafka_->poll();
  if (loop_.now() >= next_look_) {
    next_look_ = loop_.now() + kLookEvery;
    look();
  }
  if (playing_) return follow_the_story();
  // Joining a group takes seconds: the story begins when a first record has come through.
  if (sent_ == 0) produce_one();
  if (bridge_answered_ && now_.served == sent_) {
    playing_ = true;
    began_ = loop_.now();
  } else if (loop_.now() - opened_ > kOpeningMax) {
    end(tl::unexpected(Error{ErrorKind::kInternal, "nothing was delivered within 20 s", {}}));
  }
}

void KafkaDemoStage::follow_the_story() {
  const Duration at = loop_.now() - began_;
  if (producing_) produce();
  if (!slowed_ && at >= plan_.slow_from()) {
    slowed_ = true;
    command(format("/lab/slow?factor=%.6gx", plan_.slow_factor));
  }
  if (!healed_ && at >= plan_.slow_to()) {
    healed_ = true;
    command("/lab/reset");
  }
  if (!healed_) return;
  if (drained_at(result_) != Duration::max()) producing_ = false;
  const bool all = !producing_ && kafka_->durable() == sent_ && now_.served >= sent_;
  if (all || at >= plan_.slow_to() + plan_.drain_max) end({});
}

// As many as are due by now.
void KafkaDemoStage::produce() {
  const auto due = static_cast<uint64_t>(plan_.rate * to_seconds(loop_.now() - began_));
  while (sent_ < due && produce_one()) {
  }
}

bool KafkaDemoStage::produce_one() {
  const std::string key = "customer-" + std::to_string(sent_ % static_cast<uint64_t>(plan_.keys));
  std::string value = std::to_string(sent_);
  value.resize(kValueBytes, ' ');
  if (!kafka_->produce(kTopic, key, value)) return false;
  ++sent_;
  return true;
}

void KafkaDemoStage::look() {
  const Instant deadline = loop_.now() + kPatience;
  service_.call(
      stats_request_, deadline, [this](const Reply& reply) { read_service(reply); }, Body::kKeep);
  admin_.call(
      metrics_request_, deadline, [this](const Reply& reply) { read_bridge(reply); }, Body::kKeep);
}

void KafkaDemoStage::read_service(const Reply& reply) {
  if (reply.kind != Reply::Kind::kAnswered || reply.status != 200) return;
  const auto json = nlohmann::json::parse(reply.body, nullptr, false);
  if (!json.is_object()) return;
  now_.served = json.value("completions", uint64_t{0});
  now_.busy = json.value("in_flight", uint64_t{0});
  now_.queued = json.value("queued", uint64_t{0});
  now_.produced = kafka_->durable();
  if (!playing_ || !done_) return;
  now_.at = loop_.now() - began_;
  result_.samples.push_back(now_);
}

void KafkaDemoStage::read_bridge(const Reply& reply) {
  if (reply.kind != Reply::Kind::kAnswered || reply.status != 200) return;
  const std::string_view text = reply.body;
  // Its first numbers come a second after it has joined.
  bridge_answered_ |= text.find("weir_kafka_inflight{") != text.npos;
  now_.in_flight = counted(text, "weir_kafka_inflight");
  now_.limit = counted(text, "weir_concurrency_limit");
  now_.dead = counted(text, "weir_kafka_moves_total", "dead_letter");
  now_.retried = counted(text, "weir_kafka_deliveries_total") -
                 counted(text, "weir_kafka_deliveries_total", "\"delivered\"");
}

void KafkaDemoStage::command(const std::string& path) {
  command_ = "POST " + path + " HTTP/1.1\r\nhost: service\r\ncontent-length: 0\r\n\r\n";
  service_.call(command_, loop_.now() + kPatience, [](const Reply&) {});
}

void KafkaDemoStage::end(Expected<void> how) {
  timer_.cancel();
  if (done_) std::exchange(done_, nullptr)(std::move(how));
}

}  // namespace weir::lab
