#include "admin/otlp_exporter.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/clock.h"
#include "net/socket.h"

namespace weir::admin {
namespace {

bool wait_for(int fd, short events, Instant end) {
  const Duration left = end - net::SteadyClock::instance().now();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  pollfd watched{fd, events, 0};
  return millis > 0 && ::poll(&watched, 1, static_cast<int>(millis)) > 0;
}

}  // namespace

Expected<std::unique_ptr<OtlpExporter>> OtlpExporter::make(const std::string& url, Sources sources,
                                                           OtlpResource resource) {
  const auto parsed = net::Url::parse(url);
  if (!parsed) return Unexpected<Error>(parsed.error());
  const auto address = net::Address::resolve(parsed->endpoint);
  if (!address) return Unexpected<Error>(address.error());
  return std::unique_ptr<OtlpExporter>(
      new OtlpExporter(*parsed, *address, sources, std::move(resource)));
}

OtlpExporter::OtlpExporter(net::Url url, net::Address address, Sources sources,
                           OtlpResource resource)
    : url_(std::move(url)),
      address_(address),
      sources_(sources),
      resource_(std::move(resource)),
      start_ns_(observe::system_wall_clock()),
      failures_(std::chrono::seconds(60)) {
  sources_.registry.add_source(*this);
  thread_ = std::thread([this] { run(); });
}

OtlpExporter::~OtlpExporter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  sources_.registry.remove_source(*this);
}

void OtlpExporter::run() {
  for (int turn = 1;; ++turn) {
    bool stopping = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kTracesEvery, [this] { return stopping_; });
      stopping = stopping_;
    }
    push_traces();
    if (stopping || turn % kMetricsEvery == 1) push_metrics();
    if (stopping) return;
  }
}

void OtlpExporter::push_metrics() {
  push(kMetrics, "/v1/metrics",
       render_otlp_metrics(sources_.registry, resource_, start_ns_, observe::system_wall_clock()));
}

void OtlpExporter::push_traces() {
  if (sources_.spans == nullptr) return;
  const auto spans = sources_.spans->spans_after(next_span_, lost_spans_);
  lost_.store(lost_spans_, std::memory_order_relaxed);
  if (!spans.empty()) push(kTraces, "/v1/traces", render_otlp_traces(spans, resource_));
}

void OtlpExporter::push(Signal signal, const char* path, const std::string& body) {
  const std::string failure = post(path, body);
  Counts& counts = counts_[signal];
  if (failure.empty()) {
    counts.sent.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  counts.failed.fetch_add(1, std::memory_order_relaxed);
  if (sources_.log == nullptr) return;
  const auto left_out = failures_.take(net::SteadyClock::instance().now());
  if (!left_out) return;
  sources_.log->write(observe::LogLevel::kWarning, "otlp_failed", "the collector took nothing",
                      {{"url", std::string_view(url_.authority)},
                       {"path", std::string_view(path)},
                       {"why", std::string_view(failure)},
                       {"left_out", static_cast<int64_t>(*left_out)}});
}

// Empty when the collector said 2xx, else why not.
std::string OtlpExporter::post(const char* path, const std::string& body) const {
  const Instant end = net::SteadyClock::instance().now() + kPatience;
  const auto connection = net::open_connection(address_);
  if (!connection) return connection.error().message;
  const int fd = connection->get();
  if (!wait_for(fd, POLLOUT, end)) return "it does not accept the connection";
  if (const int error = net::connect_error(fd)) return net::describe_errno(error);
  const std::string request = "POST " + std::string(path) + " HTTP/1.1\r\nHost: " + url_.authority +
                              "\r\nContent-Type: application/json\r\nConnection: close\r\n"
                              "Content-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  std::string_view rest = request;
  while (!rest.empty()) {
    const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR) && wait_for(fd, POLLOUT, end)) continue;
    if (sent <= 0) return "it stopped reading";
    rest.remove_prefix(static_cast<size_t>(sent));
  }
  std::string answer;
  while (answer.size() < 12 && wait_for(fd, POLLIN, end)) {
    char bytes[512];
    const ssize_t size = ::recv(fd, bytes, sizeof bytes, 0);
    if (size <= 0) break;
    answer.append(bytes, static_cast<size_t>(size));
  }
  if (answer.starts_with("HTTP/1.1 2") || answer.starts_with("HTTP/1.0 2")) return "";
  return answer.empty() ? "it does not answer" : "status " + answer.substr(9, 3);
}

void OtlpExporter::collect(observe::MetricSink& sink) const {
  constexpr const char* kNames[] = {"metrics", "traces"};
  for (const size_t signal : {size_t{kMetrics}, size_t{kTraces}}) {
    const Counts& counts = counts_[signal];
    sink.value(observe::Metric::kOtlpPushes, {kNames[signal], "sent"},
               static_cast<double>(counts.sent.load(std::memory_order_relaxed)));
    sink.value(observe::Metric::kOtlpPushes, {kNames[signal], "failed"},
               static_cast<double>(counts.failed.load(std::memory_order_relaxed)));
  }
  sink.value(observe::Metric::kSpansLost, {},
             static_cast<double>(lost_.load(std::memory_order_relaxed)));
}

}  // namespace weir::admin
