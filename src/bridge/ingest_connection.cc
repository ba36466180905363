#include "bridge/ingest_connection.h"

#include <algorithm>
#include <array>

#include "net/socket.h"

namespace weir::bridge {
namespace {

// For a head or a body to arrive, and for the next request.
constexpr Duration kReceiveMax = std::chrono::seconds(30);
constexpr Duration kIdleMax = std::chrono::seconds(75);
constexpr size_t kReadBytes = 16 * 1024;
// The rest of a refused body is read and dropped so that the client sees the answer; beyond this it
// is cheaper to close.
constexpr size_t kDiscardMax = 1 << 20;
// A record without a word in it still costs the client library's own bookkeeping.
constexpr size_t kRecordOverhead = 256;
constexpr std::string_view kBufferFull = "The buffer before Kafka is full";
constexpr std::string_view kSaturated = "Kafka takes no more at once; one more would only wait";

}  // namespace

Ingest::Connection::Connection(Ingest& owner, net::Fd fd)
    : owner_(owner),
      fd_(std::move(fd)),
      timer_(owner.loop_.timers(), net::Callback::to<&Connection::on_timeout>(this)) {
  owner_.loop_.add(fd_.get(), *this);
  timer_.arm(owner_.loop_.now() + kIdleMax);
}

Ingest::Connection::~Connection() {
  if (!gone()) owner_.loop_.remove(fd_.get(), *this);
  release();
}

void Ingest::Connection::on_io(uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if (!out_.empty() && !flush()) return;
  advance();
}

void Ingest::Connection::on_timeout() {
  if (state_ == State::kWriting) return;  // the writer's own time-out will report
  close();
}

// Reads once; false when there is nothing (more) to read.
bool Ingest::Connection::read() {
  if (!readable_ || in_.size() >= kInMax) return false;
  std::array<char, kReadBytes> room;
  const net::IoResult result = net::read_some(fd_.get(), room);
  switch (result.status) {
    case net::IoStatus::kOk: in_.append(room.data(), result.bytes); return true;
    case net::IoStatus::kWouldBlock: readable_ = false; return false;
    case net::IoStatus::kEnd: peer_ended_ = true; break;
    case net::IoStatus::kError: break;
  }
  readable_ = false;
  close();
  return false;
}

void Ingest::Connection::advance() {
  while (!gone() && out_.empty()) {
    bool moved = false;
    switch (state_) {
      case State::kHead: moved = take_head(); break;
      case State::kBody:
      case State::kDiscard: moved = take_body(); break;
      case State::kWriting:
        // A client that hangs up is noticed; its record is written all the same.
        if (in_.empty()) read();
        return;
    }
    if (!moved && !gone() && !read()) return;
  }
}

// True when the head is complete, or refused.
bool Ingest::Connection::take_head() {
  const http::ParseResult result = http::parse_request(in_, {}, head_);
  if (result.status == http::ParseStatus::kNeedMore) return false;
  if (!result.done()) {
    close_after_ = true;
    return answer({.status = http::http_status(result.error), .title = "Malformed request"}), true;
  }
  timer_.arm(owner_.loop_.now() + kReceiveMax);
  decoder_ = http::BodyDecoder(head_.body);
  close_after_ = !head_.keep_alive || owner_.done_ != nullptr;
  begin_body();
  in_.erase(0, result.consumed);
  return true;
}

// Decides by the head alone; a refusal goes out before the body is read.
void Ingest::Connection::begin_body() {
  const std::string_view path = head_.path().substr(0, head_.path().find('?'));
  if (path != owner_.options_.path)
    return refuse_early({.status = 404, .title = "No topic is written by this path"});
  if (head_.method != http::Method::kPost)
    return refuse_early({.status = 405, .title = "Records are sent by POST"});
  auto record = record_of(head_);
  if (!record)
    return refuse_early({.status = 400, .title = "Kafka-Key is not valid percent-encoding"});
  batch_ = is_batch(head_);
  const size_t length = head_.body.length;
  const size_t length_max = batch_ ? owner_.options_.memory_max : owner_.options_.record_bytes_max;
  if (length > length_max) {
    ++owner_.counts_.too_large;
    return refuse_early({.status = 413, .title = "The record is too large"});
  }
  const size_t cost = length + record->bytes() + kRecordOverhead;
  if (!owner_.has_room(cost)) return refuse_full(kBufferFull);
  // Only asked here: a permit held while a body trickles in would be one less for everybody.
  if (!owner_.admit()) return refuse_full(kSaturated);
  record_ = std::move(*record);
  reserve(cost);
  state_ = State::kBody;
  if (head_.expect_continue) out_ = "HTTP/1.1 100 Continue\r\n\r\n", flush();
}

void Ingest::Connection::refuse_full(std::string_view why) {
  ++owner_.counts_.full;
  refuse_early({.status = 429, .title = why, .retry_after_s = owner_.retry_after_seconds()});
}

void Ingest::Connection::refuse_early(const IngestAnswer& refusal) {
  discarded_ = 0;
  state_ = State::kDiscard;
  if (head_.expect_continue) {
    // The client asked before sending the body, and does not send it now.
    close_after_ = true;
    state_ = State::kHead;
  }
  answer(refusal);
}

// True when the body is complete, or refused.
bool Ingest::Connection::take_body() {
  std::string_view rest = in_;
  bool refused = false;
  while (!decoder_.done() && !refused) {
    const http::BodyStep step = decoder_.decode(rest);
    rest.remove_prefix(step.consumed);
    if (step.event == http::BodyEvent::kError) return close(), true;
    if (step.event == http::BodyEvent::kNeedMore) break;
    if (step.event != http::BodyEvent::kData) continue;
    if (state_ == State::kDiscard) {
      discarded_ += step.payload.size();
      if (discarded_ > kDiscardMax) return close(), true;
      continue;
    }
    record_.value.append(step.payload);
    // Only a body of unknown length can get here beyond what its head reserved.
    const size_t cost = record_.bytes() + kRecordOverhead;
    if (cost <= reserved_) continue;
    refused = record_.value.size() > owner_.options_.record_bytes_max && !batch_;
    const bool full = !owner_.has_room(cost - reserved_);
    if (!refused && !full) {
      reserve(cost - reserved_);
      continue;
    }
    refused = true;
    release();
    record_ = {};
    if (full) {
      refuse_full(kBufferFull);
    } else {
      ++owner_.counts_.too_large;
      refuse_early({.status = 413, .title = "The record is too large"});
    }
  }
  in_.erase(0, in_.size() - rest.size());
  if (refused || !decoder_.done()) return refused;
  if (state_ == State::kDiscard) {
    next_request();
    if (close_after_ && out_.empty()) close();
  } else {
    write_records();
  }
  return true;
}

// Now that the body is here, and not with its head: a client that sends it slowly must not look
// like a slow Kafka to the law.
bool Ingest::Connection::admit() {
  auto permit = owner_.admit();
  if (!permit) return false;
  permit_ = std::move(*permit);
  return true;
}

void Ingest::Connection::write_records() {
  state_ = State::kWriting;
  result_ = {};
  timer_.cancel();
  if (!admit()) {
    ++owner_.counts_.full;
    result_.status = 429;
    result_.title = kSaturated;
    result_.retry_after_s = owner_.retry_after_seconds();
  } else if (!batch_) {
    write_record(record_);
  } else {
    Record one = record_;
    for (const std::string_view line : batch_lines(record_.value)) {
      one.value = line;
      if (!write_record(one)) break;
    }
  }
  record_ = {};
  if (pending_ == 0) finish();  // nothing could be written at all
}

bool Ingest::Connection::write_record(const Record& record) {
  Write write;
  write.topic = &owner_.options_.topic;
  write.record = &record;
  switch (owner_.writer_->write(write, this)) {
    case WriteStart::kStarted: ++pending_; return true;
    case WriteStart::kQueueFull:
      ++owner_.counts_.full;
      result_.status = 429;
      result_.title = kBufferFull;
      result_.retry_after_s = owner_.retry_after_seconds();
      return false;
    case WriteStart::kTooLarge:
      ++owner_.counts_.too_large;
      result_.status = 413;
      result_.title = "The record is too large";
      return false;
    case WriteStart::kFailed: break;
  }
  ++owner_.counts_.failed;
  result_.status = 503;
  result_.title = "Kafka does not take the record";
  return false;
}

void Ingest::Connection::reported(const WriteReport& report) {
  --pending_;
  if (report.error.empty()) {
    ++owner_.counts_.written;
    ++result_.records;
    result_.partition = report.partition;
    result_.offset = report.offset;
  } else {
    ++(report.too_large ? owner_.counts_.too_large : owner_.counts_.failed);
    result_.status = report.too_large ? 413 : 503;
    result_.title = report.too_large ? "The record is too large" : "Kafka does not have the record";
    if (!report.too_large) result_.retry_after_s = owner_.retry_after_seconds();
  }
  if (pending_ > 0) return;
  finish();
  advance();
}

// All reports are in.
void Ingest::Connection::finish() {
  if (permit_) {
    std::move(permit_).complete(result_.status == 503 ? Outcome::kDropped : Outcome::kSuccess,
                                owner_.loop_.now());
  }
  if (result_.records > 0) owner_.drained_.add(static_cast<double>(reserved_), owner_.loop_.now());
  release();
  if (gone()) return owner_.closed(*this);
  const IngestAnswer done = result_;
  next_request();
  answer(done);
}

void Ingest::Connection::next_request() {
  head_.reset();
  state_ = State::kHead;
  timer_.arm(owner_.loop_.now() + kIdleMax);
}

void Ingest::Connection::answer(IngestAnswer last) {
  last.close = close_after_;
  out_ = write_answer(last);
  flush();
}

// True when everything is out.
bool Ingest::Connection::flush() {
  while (!out_.empty()) {
    const net::IoResult result = net::write_some(fd_.get(), std::span<const char>(out_));
    if (result.status == net::IoStatus::kWouldBlock) return false;
    if (result.status != net::IoStatus::kOk) return close(), false;
    out_.erase(0, result.bytes);
  }
  if (close_after_ && state_ == State::kHead) close();
  return !gone();
}

void Ingest::Connection::drain() {
  if (state_ == State::kHead && in_.empty() && out_.empty()) return close();
  close_after_ = true;
}

void Ingest::Connection::close() {
  if (gone()) return;
  timer_.cancel();
  owner_.loop_.remove(fd_.get(), *this);
  fd_.reset();
  if (pending_ == 0) owner_.closed(*this);
}

void Ingest::Connection::reserve(size_t bytes) {
  reserved_ += bytes;
  owner_.bytes_ += bytes;
}

void Ingest::Connection::release() {
  owner_.bytes_ -= std::exchange(reserved_, 0);
}

}  // namespace weir::bridge
