#include "lab/mock_kafka.h"

#include <librdkafka/rdkafka.h>
// Needs the one above.
#include <librdkafka/rdkafka_mock.h>

#include <array>

namespace weir::lab {
namespace {

constexpr const char* kBrokers = "1";
constexpr const char* kLingerMs = "5";

tl::unexpected<Error> broken(const std::string& what) {
  return tl::unexpected(Error{ErrorKind::kInternal, "no mock cluster: " + what, {}});
}

}  // namespace

struct MockKafka::Impl {
  ~Impl() {
    if (handle != nullptr) rd_kafka_destroy(handle);
  }
  rd_kafka_t* handle = nullptr;  // a producer that owns the cluster
  rd_kafka_mock_cluster_t* cluster = nullptr;
  uint64_t durable = 0;
  uint64_t failed = 0;
};

Expected<std::unique_ptr<MockKafka>> MockKafka::make() {
  auto impl = std::make_unique<Impl>();
  std::array<char, 512> text{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const char* value) {
    return rd_kafka_conf_set(conf, name, value, text.data(), text.size()) == RD_KAFKA_CONF_OK;
  };
  if (!set("test.mock.num.brokers", kBrokers) || !set("linger.ms", kLingerMs)) {
    rd_kafka_conf_destroy(conf);
    return broken(text.data());
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_conf_set_opaque(conf, impl.get());
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    auto* of = static_cast<Impl*>(self);
    ++(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? of->durable : of->failed);
  });
  impl->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size());
  if (impl->handle == nullptr) {
    rd_kafka_conf_destroy(conf);
    return broken(text.data());
  }
  impl->cluster = rd_kafka_handle_mock_cluster(impl->handle);
  if (impl->cluster == nullptr) return broken("librdkafka was built without it");
  return std::unique_ptr<MockKafka>(new MockKafka(std::move(impl)));
}

MockKafka::MockKafka(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MockKafka::~MockKafka() = default;

std::string MockKafka::bootstrap() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster);
}

Expected<void> MockKafka::create_topic(const std::string& name, int partitions) {
  const auto code = rd_kafka_mock_topic_create(impl_->cluster, name.c_str(), partitions, 1);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return tl::unexpected(
      Error{ErrorKind::kUsage, "topic '" + name + "': " + rd_kafka_err2str(code), {}});
}

bool MockKafka::produce(const std::string& topic, std::string_view key, std::string_view value) {
  const auto code = rd_kafka_producev(
      impl_->handle, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key.data(), key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_END);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void MockKafka::poll() {
  while (rd_kafka_poll(impl_->handle, 0) > 0) {
  }
}

uint64_t MockKafka::durable() const {
  return impl_->durable;
}

uint64_t MockKafka::failed() const {
  return impl_->failed;
}

}  // namespace weir::lab
