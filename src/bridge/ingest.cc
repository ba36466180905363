#include "bridge/ingest.h"

#include <algorithm>
#include <cmath>

#include "bridge/ingest_connection.h"
#include "bridge/ingest_law.h"
#include "weir/control/fixed_limit.h"

namespace weir::bridge {
namespace {

constexpr Duration kStartMax = std::chrono::seconds(10);
// The law's windows are 10 ms and more.
constexpr Duration kControlMin = std::chrono::milliseconds(10);
constexpr Duration kTick = std::chrono::milliseconds(250);
// How far back the drain rate looks: some batches' round trips, a moment of trouble.
constexpr Duration kDrainMemory = std::chrono::seconds(2);
constexpr int64_t kRetryAfterMax = 60;
// Each may hold one head and one read; 100 KiB each at worst.
constexpr size_t kConnectionMax = 4096;

std::shared_ptr<Limiter> make_limiter(const IngestOptions& options, Instant now) {
  std::unique_ptr<Limit> law = std::make_unique<IngestLaw>();
  if (options.in_flight_min == options.in_flight_max)
    law = std::make_unique<FixedLimit>(FixedLimitOptions{options.in_flight_max});
  return std::make_shared<Limiter>(
      std::move(law), Limiter::Options{options.in_flight_min, options.in_flight_max, 1}, now);
}

}  // namespace

Expected<std::unique_ptr<Ingest>> Ingest::make(net::EventLoop& loop, IngestOptions options,
                                               observe::Log& log) {
  std::unique_ptr<Ingest> ingest(new Ingest(loop, std::move(options), log));
  if (const auto opened = ingest->open(); !opened) return Unexpected<Error>(opened.error());
  return ingest;
}

Ingest::Ingest(net::EventLoop& loop, IngestOptions options, observe::Log& log)
    : loop_(loop),
      options_(std::move(options)),
      log_(log),
      bury_task_(net::Callback::to<&Ingest::bury>(this)),
      tick_(loop.timers(), net::Callback::to<&Ingest::on_tick>(this)),
      control_timer_(loop.timers(), net::Callback::to<&Ingest::on_control>(this)),
      limiter_(make_limiter(options_, loop.update_now())),
      stack_({limiter_}),
      drained_(kDrainMemory) {}

Expected<bool> Ingest::open() {
  KafkaWriter::Options writing;
  writing.brokers = options_.brokers;
  writing.client = options_.client;
  // Our own budget is the bound; the library's must not be met first.
  writing.bytes_max = options_.memory_max * 2;
  writing.timeout = options_.timeout;
  auto writer = KafkaWriter::make(loop_, writing, *this);
  if (!writer) return Unexpected<Error>(writer.error());
  writer_ = std::move(*writer);
  const auto partitions = partition_count(writer_->handle(), options_.topic, kStartMax);
  if (!partitions) return Unexpected<Error>(partitions.error());
  const auto address = net::Address::resolve(options_.listen);
  if (!address) return Unexpected<Error>(address.error());
  auto sockets = net::open_listeners(*address, 1);
  if (!sockets) return Unexpected<Error>(sockets.error());
  listener_.reset(new net::Listener(loop_, std::move(sockets->front()), *this));
  address_ = listener_->address();
  tick_.arm(loop_.update_now() + kTick);
  control_timer_.arm(loop_.now() + kControlMin);
  return true;
}

Ingest::~Ingest() {
  // Tasks must outlive their last run: no new ones, and turns for those that are queued. Reports
  // name their connections, so the writer goes first.
  listener_.reset();
  if (writer_) writer_->detach();
  loop_.run_once(Duration::zero());
  loop_.run_once(Duration::zero());
  writer_.reset();
}

void Ingest::on_accept(net::Fd connection, const net::Address&) {
  if (connections_.size() >= kConnectionMax) return;
  connections_.push_back(std::make_unique<Connection>(*this, std::move(connection)));
}

void Ingest::written(const WriteReport& report) {
  loop_.update_now();
  static_cast<Connection*>(report.tag)->reported(report);
}

void Ingest::closed(Connection& connection) {
  const auto found =
      std::find_if(connections_.begin(), connections_.end(),
                   [&](const auto& candidate) { return candidate.get() == &connection; });
  if (found == connections_.end()) return;  // it is being destroyed with us
  retired_.splice(retired_.end(), connections_, found);
  loop_.post(bury_task_);
}

void Ingest::bury() {
  retired_.clear();
  finish_if_drained();
}

int64_t Ingest::retry_after_seconds() const noexcept {
  RateMeter meter = drained_;
  const double rate = meter.per_second(loop_.now());
  const double seconds = rate > 0 ? std::ceil(static_cast<double>(bytes_) / rate) : kRetryAfterMax;
  return static_cast<int64_t>(std::clamp<double>(seconds, 1, kRetryAfterMax));
}

void Ingest::on_control() {
  const Instant now = loop_.update_now();
  limiter_->tick(now);
  control_timer_.arm(std::max(limiter_->next_tick(), now + kControlMin));
}

void Ingest::on_tick() {
  counts_.bytes = bytes_;
  counts_.in_flight = limiter_->inflight();
  counts_.limit = limiter_->limit();
  published_.write(counts_);
  tick_.arm(loop_.update_now() + kTick);
}

void Ingest::drain(std::function<void()> done) {
  if (done_) return;
  done_ = std::move(done);
  listener_->stop();
  std::vector<Connection*> all;
  for (const auto& connection : connections_) all.push_back(connection.get());
  for (Connection* connection : all) connection->drain();
  finish_if_drained();
}

void Ingest::finish_if_drained() {
  if (!done_ || !connections_.empty() || writer_->pending() > 0) return;
  on_tick();
  const auto done = std::exchange(done_, [] {});  // still draining, but told once
  done();
}

}  // namespace weir::bridge
