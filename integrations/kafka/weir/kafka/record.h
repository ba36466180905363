// Records that come from Kafka, messages that go there, and the acknowledgement between them.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::kafka {

using Header = std::pair<std::string, std::string>;

namespace detail {

/// What an acknowledgement tells, once.
class AckHome {
 public:
  virtual ~AckHome() = default;
  virtual void done() noexcept = 0;
  virtual void dropped() noexcept = 0;
};

}  // namespace detail

/// The duty to say that a record was dealt with. Its offset is committed after done() was called on
/// it and on all records of its partition before it. Move-only; from any thread, also after the
/// consumer is gone.
class Ack {
 public:
  Ack() noexcept = default;
  explicit Ack(std::shared_ptr<detail::AckHome> home) noexcept : home_(std::move(home)) {}
  Ack(Ack&&) noexcept = default;
  Ack& operator=(Ack&& other) noexcept {
    if (this == &other) return *this;
    drop();
    home_ = std::move(other.home_);
    return *this;
  }
  ~Ack() { drop(); }

  /// The record is dealt with for good. Does nothing a second time.
  void done() noexcept {
    if (const auto home = std::exchange(home_, nullptr)) home->done();
  }
  explicit operator bool() const noexcept { return home_ != nullptr; }

 private:
  void drop() noexcept {
    if (const auto home = std::exchange(home_, nullptr)) home->dropped();
  }

  std::shared_ptr<detail::AckHome> home_;
};

/// A record of a topic.
struct Record {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = 0;  ///< since 1970; 0 if unknown
  std::string key;
  std::string value;
  bool has_key = false;
  bool has_value = false;  ///< false for a tombstone
  std::vector<Header> headers;
  Ack ack;
};

/// A message for a topic.
struct Message {
  std::string topic;
  int32_t partition = -1;    ///< below zero: chosen by the key's hash
  int64_t timestamp_ms = 0;  ///< 0: now
  std::string key;
  std::string value;
  bool has_key = false;
  bool has_value = true;  ///< false for a tombstone
  std::vector<Header> headers;
  Ack ack;  ///< of the record that it was made of: done when the message is durable
};

/// This struct, its allocations, and the client library's bookkeeping for it; bytes.
inline constexpr uint64_t kRecordOverhead = 512;

/// For streams' bounds in bytes.
template <typename T>
  requires std::same_as<T, Record> || std::same_as<T, Message>
uint64_t item_bytes(const T& item) noexcept {
  uint64_t sum = kRecordOverhead + item.topic.size() + item.key.size() + item.value.size();
  for (const Header& header : item.headers) sum += header.first.size() + header.second.size();
  return sum;
}

}  // namespace weir::kafka
