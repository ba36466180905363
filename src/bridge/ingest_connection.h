// One HTTP producer's connection.
#pragma once

#include <string>

#include "bridge/ingest.h"
#include "bridge/ingest_request.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"

namespace weir::bridge {

/// head → body → written to Kafka → answer, one request at a time; what the client sends meanwhile
/// waits in the kernel. Made and destroyed by its Ingest.
class Ingest::Connection final : private net::IoHandler {
 public:
  Connection(Ingest& owner, net::Fd fd);
  ~Connection();

  /// A record of the request under way is durable, or is not going to be.
  void reported(const WriteReport& report);
  /// Closes unless a request is under way; then after its answer.
  void drain();
  bool gone() const noexcept { return !fd_; }
  /// Reports that have not come yet: until then the owner must keep this.
  size_t pending() const noexcept { return pending_; }

 private:
  // A head, and what came behind it in the same read.
  static constexpr size_t kInMax = http::kHeadBytesMax + 16 * 1024;

  enum class State : uint8_t { kHead, kBody, kDiscard, kWriting };

  void on_io(uint32_t events) override;
  void on_timeout();
  bool read();
  void advance();
  bool take_head();
  bool take_body();
  void begin_body();
  void refuse_full(std::string_view why);
  void refuse_early(const IngestAnswer& answer);
  void write_records();
  bool admit();
  bool write_record(const Record& record);
  void finish();
  void answer(IngestAnswer answer);
  bool flush();
  void next_request();
  void close();
  void reserve(size_t bytes);
  void release();

  Ingest& owner_;
  net::Fd fd_;
  net::Timer timer_;
  State state_ = State::kHead;
  bool readable_ = false;
  bool peer_ended_ = false;
  bool close_after_ = false;
  std::string in_;
  http::RequestHead head_;
  http::BodyDecoder decoder_;
  Record record_;
  bool batch_ = false;
  Permit permit_;         // of the request under way, while its records are
  size_t reserved_ = 0;   // of the owner's budget
  size_t discarded_ = 0;  // body bytes thrown away after an early refusal
  size_t pending_ = 0;
  IngestAnswer result_;
  std::string out_;
};

}  // namespace weir::bridge
