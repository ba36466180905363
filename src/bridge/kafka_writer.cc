#include "bridge/kafka_writer.h"

#include <algorithm>

namespace weir::bridge {
namespace {

constexpr int kMessageBytesMax = 100 << 20;

std::string text_of(int64_t number) {
  return std::to_string(number);
}

int64_t milliseconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

void add_headers(rd_kafka_headers_t* headers, const std::vector<Record::Header>& more) {
  for (const auto& [name, value] : more)
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
}

}  // namespace

Expected<std::unique_ptr<KafkaWriter>> KafkaWriter::make(net::EventLoop& loop,
                                                         const Options& options, WriteSink& sink) {
  ConfBuilder conf(options.brokers, options.client);
  conf.set("enable.idempotence", "true")
      // The topic decides what is too large, not the client: what came in must go out again, with
      // our headers on top.
      .set("message.max.bytes", std::to_string(kMessageBytesMax))
      .set("linger.ms", text_of(milliseconds_of(options.linger)))
      .set("message.timeout.ms", text_of(milliseconds_of(options.timeout)))
      .set("queue.buffering.max.kbytes",
           text_of(static_cast<int64_t>(std::max<size_t>(options.bytes_max / 1024, 1))));
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  auto handle = std::move(conf).make(RD_KAFKA_PRODUCER);
  if (!handle) return Unexpected<Error>(handle.error());
  return std::unique_ptr<KafkaWriter>(new KafkaWriter(loop, std::move(*handle), sink));
}

KafkaWriter::KafkaWriter(net::EventLoop& loop, KafkaHandle handle, WriteSink& sink)
    : sink_(sink),
      waker_(loop, net::Callback::to<&KafkaWriter::poll>(this)),
      handle_(std::move(handle)),
      queue_(rd_kafka_queue_get_main(handle_.get())) {
  waker_.watch(queue_.get());
}

KafkaWriter::~KafkaWriter() {
  detach();
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

WriteStart KafkaWriter::write(const Write& write, void* tag) {
  const Record& record = *write.record;
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size() + 8);
  add_headers(headers, record.headers);
  if (write.more_headers != nullptr) add_headers(headers, *write.more_headers);
  // RD_KAFKA_V_* are C macros of compound literals' kin; their C++ form needs lvalues.
  void* value = record.has_value ? const_cast<char*>(record.value.data()) : nullptr;
  const void* key = record.has_key ? record.key.data() : nullptr;
  const auto code = rd_kafka_producev(
      handle_.get(), RD_KAFKA_V_TOPIC(write.topic->c_str()), RD_KAFKA_V_PARTITION(write.partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, record.value.size()),
      RD_KAFKA_V_KEY(key, record.key.size()), RD_KAFKA_V_TIMESTAMP(record.timestamp_ms),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++pending_;
    return WriteStart::kStarted;
  }
  rd_kafka_headers_destroy(headers);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return WriteStart::kQueueFull;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return WriteStart::kTooLarge;
  return WriteStart::kFailed;
}

void KafkaWriter::poll() {
  while (const KafkaEvent event{rd_kafka_queue_poll(queue_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get()))
      report(*message);
  }
}

void KafkaWriter::report(const rd_kafka_message_t& message) {
  --pending_;
  WriteReport report;
  report.tag = message._private;
  report.partition = message.partition;
  report.offset = message.offset;
  report.too_large = message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) report.error = rd_kafka_err2str(message.err);
  sink_.written(report);
}

}  // namespace weir::bridge
