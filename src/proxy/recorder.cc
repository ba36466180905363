#include "proxy/recorder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace weir::proxy {
namespace {

// What is recorded reaches the file within this time, so that it can be read while weir runs.
constexpr auto kFlushEvery = std::chrono::milliseconds(500);

Unexpected<Error> cannot_write(const std::string& path) {
  return Unexpected<Error>(Error{ErrorKind::kUnavailable,
                                 "cannot write '" + path + "': " + std::strerror(errno),
                                 "check the path given to --record"});
}

}  // namespace

Recorder::Recorder(RecorderOptions options) : options_(std::move(options)) {}

Expected<std::unique_ptr<Recorder>> Recorder::open(RecorderOptions options) {
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(options)));
  if (const auto begun = recorder->begin_file(); !begun) return Unexpected<Error>(begun.error());
  recorder->writer_ = std::thread([r = recorder.get()] { r->run(); });
  return recorder;
}

Recorder::~Recorder() {
  if (!writer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
}

Expected<void> Recorder::begin_file() {
  const int fd = ::open(options_.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return cannot_write(options_.path);
  file_ = net::Fd(fd);
  written_ = 0;
  std::string header;
  append_recording_header(header);
  if (!write_all(header)) return cannot_write(options_.path);
  return {};
}

uint32_t Recorder::add_upstream(std::string name, const Limiter& limiter, int64_t wall_ns) {
  const std::lock_guard lock(mutex_);
  RecordedUpstream upstream;
  upstream.id = static_cast<uint32_t>(upstreams_.size());
  upstream.name = std::move(name);
  upstream.law = limiter.law().name();
  upstream.limit_min = limiter.options().limit_min;
  upstream.limit_max = limiter.options().limit_max;
  upstream.limit = limiter.limit();
  upstream.wall_ns = wall_ns;
  append_entry(buffer_, upstream);
  upstreams_.push_back(std::move(upstream));
  return upstreams_.back().id;
}

void Recorder::record(uint32_t upstream, const LimitChange& change) {
  const std::lock_guard lock(mutex_);
  if (buffer_.size() + kRecordingEntryMax > kBufferMax) {
    ++lost_;
    return;
  }
  if (told_lost_ < lost_) {
    append_entry(buffer_, RecordedGap{lost_ - told_lost_});
    told_lost_ = lost_;
  }
  append_entry(buffer_, upstream, change);
  ++buffered_;
  upstreams_[upstream].from_the_start = false;
  upstreams_[upstream].limit = change.after;
}

uint64_t Recorder::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void Recorder::run() {
  bool stopping = false;
  while (!stopping) {
    std::string taken;
    uint64_t decisions = 0;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kFlushEvery, [this] { return stopping_; });
      stopping = stopping_;
      taken.swap(buffer_);
      decisions = std::exchange(buffered_, 0);
    }
    const bool full = written_ + taken.size() > options_.bytes_max / 2;
    if (full && written_ > 0) rotate();
    if (!write_all(taken)) {
      const std::lock_guard lock(mutex_);
      lost_ += decisions;
    }
  }
}

// The new file begins with the upstreams as they are, so that it can be read alone.
void Recorder::rotate() {
  (void)std::rename(options_.path.c_str(), (options_.path + ".1").c_str());
  if (!begin_file()) return;
  (void)write_all(preamble());
}

std::string Recorder::preamble() {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const RecordedUpstream& upstream : upstreams_) append_entry(out, upstream);
  return out;
}

bool Recorder::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    written_ += static_cast<size_t>(count);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

}  // namespace weir::proxy
