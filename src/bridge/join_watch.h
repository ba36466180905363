// JoinWatch: whether a group member is waiting for the group to gather, as seen on the wire.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>

namespace weir::bridge {

/// While a JoinGroup request waits at the coordinator, everything sent after it on the same
/// connection waits behind it, and a commit then arrives with a generation that has ended:
/// librdkafka 2.0.2 answers that by giving up the whole assignment as lost. Nothing in its API
/// tells when that is so, but its interceptors show each request. joining() is safe from any
/// thread.
class JoinWatch {
 public:
  /// Before the handle is made from `conf`; must outlive the handle.
  void attach(rd_kafka_conf_t* conf);

  bool joining() const noexcept { return joining_.load(std::memory_order_acquire); }
  /// The group has told us something: whatever was waited for has come.
  void settled() noexcept { joining_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> joining_{false};
};

}  // namespace weir::bridge
