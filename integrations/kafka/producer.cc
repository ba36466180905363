#include "weir/kafka/producer.h"

#include <atomic>

#include "client.h"
#include "weir/streams/byte_gate.h"

namespace weir::kafka {
namespace detail {
namespace {

constexpr int kPollMs = 50;
// Ours is the bound; librdkafka's must not be met first.
constexpr const char* kMessagesMax = "10000000";
constexpr const char* kKbytesMax = "2147483647";

}  // namespace

class ProducerSubscriber;

/// A message on its way.
struct Pending {
  std::shared_ptr<ProducerSubscriber> sink;
  uint64_t bytes;
  Ack ack;
};

class ProducerCore {
 public:
  static Expected<std::shared_ptr<ProducerCore>> make(ProduceOptions options);
  explicit ProducerCore(ProduceOptions options) : options_(std::move(options)) {}

  void run();
  void close() noexcept { closing_.store(true, std::memory_order_release); }
  /// Takes the message; its report comes on the thread. Otherwise why it was not taken.
  rd_kafka_resp_err_t write(Message& message, std::unique_ptr<Pending> pending);
  const ProduceOptions& options() const noexcept { return options_; }

 private:
  const ProduceOptions options_;
  Handle handle_;
  std::atomic<bool> closing_{false};
};

/// One flow's end. Asks for one message at a time while its bytes allow it: a pull source answers
/// within the request, so this costs nothing.
class ProducerSubscriber final : public streams::Subscriber<Message>,
                                 public std::enable_shared_from_this<ProducerSubscriber> {
 public:
  ProducerSubscriber(std::shared_ptr<ProducerCore> core, Producer::OnEnd on_end)
      : core_(std::move(core)), on_end_(std::move(on_end)), gate_(core_->options().bytes_max) {}

  void on_subscribe(std::shared_ptr<streams::Subscription> up) noexcept override {
    if (streams::accept_once(up_, up)) up->request(1);
  }

  void on_next(Message message) noexcept override {
    open_.fetch_add(1, std::memory_order_acq_rel);
    const uint64_t bytes = item_bytes(message);
    auto pending =
        std::make_unique<Pending>(Pending{shared_from_this(), bytes, std::move(message.ack)});
    const auto code = core_->write(message, std::move(pending));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      fail(message.topic, code);
      return close_one();
    }
    if (gate_.arrived(bytes)) up_->request(1);
  }

  void on_error(streams::StreamError error) noexcept override {
    if (!failed_.exchange(true)) error_ = std::move(error);
    upstream_ended();
  }
  void on_complete() noexcept override { upstream_ended(); }

  /// The message is durable, or never will be. The producer's thread.
  void reported(Pending& pending, const char* topic, rd_kafka_resp_err_t code) noexcept {
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      pending.ack.done();
      if (gate_.left(pending.bytes) && !failed_.load(std::memory_order_acquire)) up_->request(1);
    } else {
      fail(topic, code);
    }
    close_one();
  }

 private:
  void fail(const std::string& topic, rd_kafka_resp_err_t code) noexcept {
    if (failed_.exchange(true)) return;
    error_ = failure(ErrorKind::kUnavailable,
                     "topic '" + topic + "' did not take a message: " + rd_kafka_err2str(code));
    up_->cancel();
    upstream_ended();  // after a cancel nobody says so
  }
  void upstream_ended() noexcept {
    if (!upstream_over_.exchange(true)) close_one();
  }
  void close_one() noexcept {
    if (open_.fetch_sub(1, std::memory_order_acq_rel) != 1 || ended_.exchange(true)) return;
    if (!on_end_) return;
    on_end_(error_ ? std::optional<streams::StreamError>(error_) : std::nullopt);
  }

  const std::shared_ptr<ProducerCore> core_;
  const Producer::OnEnd on_end_;
  streams::ByteGate gate_;
  std::shared_ptr<streams::Subscription> up_;
  std::atomic<uint64_t> open_{1};  // the upstream, and each message that was not reported
  std::atomic<bool> upstream_over_{false};
  std::atomic<bool> failed_{false};
  std::atomic<bool> ended_{false};
  streams::StreamError error_;  // written by whoever set failed_, read when open_ has reached 0
};

Expected<std::shared_ptr<ProducerCore>> ProducerCore::make(ProduceOptions options) {
  auto core = std::make_shared<ProducerCore>(std::move(options));
  const ProduceOptions& told = core->options_;
  Conf conf(told.brokers);
  conf.set("enable.idempotence", "true")
      .set("linger.ms", std::to_string(milliseconds_of(told.linger)))
      .set("message.timeout.ms", std::to_string(milliseconds_of(told.timeout)))
      .set("queue.buffering.max.messages", kMessagesMax)
      .set("queue.buffering.max.kbytes", kKbytesMax);
  rd_kafka_conf_set_dr_msg_cb(
      conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
        const std::unique_ptr<Pending> pending(static_cast<Pending*>(message->_private));
        pending->sink->reported(*pending, rd_kafka_topic_name(message->rkt), message->err);
      });
  auto made = std::move(conf).make(RD_KAFKA_PRODUCER, told.settings);
  if (!made) return Unexpected<Error>(made.error());
  core->handle_ = std::move(*made);
  return core;
}

void ProducerCore::run() {
  while (!closing_.load(std::memory_order_acquire)) rd_kafka_poll(handle_.get(), kPollMs);
  rd_kafka_flush(handle_.get(), static_cast<int>(milliseconds_of(options_.timeout)));
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(handle_.get(), kPollMs);
}

rd_kafka_resp_err_t ProducerCore::write(Message& message, std::unique_ptr<Pending> pending) {
  if (closing_.load(std::memory_order_acquire)) return RD_KAFKA_RESP_ERR__DESTROY;
  rd_kafka_headers_t* headers = rd_kafka_headers_new(message.headers.size());
  for (const auto& [name, value] : message.headers)
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  void* value = message.has_value ? message.value.data() : nullptr;
  const void* key = message.has_key ? message.key.data() : nullptr;
  const int32_t partition = message.partition < 0 ? RD_KAFKA_PARTITION_UA : message.partition;
  const auto code = rd_kafka_producev(
      handle_.get(), RD_KAFKA_V_TOPIC(message.topic.c_str()), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, message.value.size()),
      RD_KAFKA_V_KEY(key, message.key.size()), RD_KAFKA_V_TIMESTAMP(message.timestamp_ms),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(pending.get()), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    pending.release();  // the report's
  } else {
    rd_kafka_headers_destroy(headers);
  }
  return code;
}

}  // namespace detail

Expected<std::unique_ptr<Producer>> Producer::make(ProduceOptions options) {
  auto core = detail::ProducerCore::make(std::move(options));
  if (!core) return Unexpected<Error>(core.error());
  return std::unique_ptr<Producer>(new Producer(std::move(*core)));
}

Producer::Producer(std::shared_ptr<detail::ProducerCore> core)
    : core_(std::move(core)), thread_([core = core_] { core->run(); }) {}

Producer::~Producer() {
  core_->close();
  thread_.join();
}

std::shared_ptr<streams::Subscriber<Message>> Producer::subscriber(
    const std::shared_ptr<detail::ProducerCore>& core, OnEnd on_end) {
  return std::make_shared<detail::ProducerSubscriber>(core, std::move(on_end));
}

}  // namespace weir::kafka
