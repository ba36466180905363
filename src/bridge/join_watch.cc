#include "bridge/join_watch.h"

namespace weir::bridge {
namespace {

constexpr const char* kName = "weir_join_watch";

// Keys of the Kafka protocol.
constexpr int16_t kJoinGroup = 11;
constexpr int16_t kSyncGroup = 14;

}  // namespace

void JoinWatch::attach(rd_kafka_conf_t* conf) {
  const auto on_sent = [](rd_kafka_t*, int, const char*, int32_t, int16_t key, int16_t, int32_t,
                          size_t, void* self) {
    if (key == kJoinGroup)
      static_cast<JoinWatch*>(self)->joining_.store(true, std::memory_order_release);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  const auto on_received = [](rd_kafka_t*, int, const char*, int32_t, int16_t key, int16_t, int32_t,
                              size_t, int64_t, rd_kafka_resp_err_t, void* self) {
    if (key == kSyncGroup) static_cast<JoinWatch*>(self)->settled();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  // Interceptors of requests can only be added to a handle, so the conf carries one that does it.
  static constexpr auto kOnSent = +on_sent;
  static constexpr auto kOnReceived = +on_received;
  rd_kafka_conf_interceptor_add_on_new(
      conf, kName,
      [](rd_kafka_t* handle, const rd_kafka_conf_t*, void* self, char*, size_t) {
        rd_kafka_interceptor_add_on_request_sent(handle, kName, kOnSent, self);
        return rd_kafka_interceptor_add_on_response_received(handle, kName, kOnReceived, self);
      },
      this);
}

}  // namespace weir::bridge
