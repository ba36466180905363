// Recorder: keeps what the control laws saw and decided in a file of bounded size.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/fd.h"
#include "proxy/recording.h"

namespace weir::proxy {

struct RecorderOptions {
  std::string path;
  /// Of both files together. When the first has half of it, it becomes PATH.1, in place of an older
  /// one, and a new one begins: the last hours are kept, not the first.
  size_t bytes_max = 64 << 20;
};

/// Encodes on the calling thread into a bounded buffer; a thread of its own writes, so a slow disk
/// never holds up an event loop: then decisions are lost, counted, and told in the file. A decision
/// takes about 150 bytes, so at 100 a second 64 MiB hold an hour and a half of each upstream.
///
/// add_upstream and record: from any thread; record takes a lock for the time of a copy, which the
/// control path can afford. What was recorded before the destructor began is written.
class Recorder {
 public:
  /// Begins a new file. Error: kUnavailable.
  static Expected<std::unique_ptr<Recorder>> open(RecorderOptions options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Gives the number to record under. `wall_ns` is nanoseconds since 1970.
  uint32_t add_upstream(std::string name, const Limiter& limiter, int64_t wall_ns);

  void record(uint32_t upstream, const LimitChange& change);

  /// Decisions lost so far, because the disk was too slow or refused to take them.
  uint64_t lost() const;

  /// Bytes that wait to be written, at most.
  static constexpr size_t kBufferMax = 1 << 20;

 private:
  explicit Recorder(RecorderOptions options);

  Expected<void> begin_file();
  void run();
  bool write_all(std::string_view bytes);
  void rotate();
  std::string preamble();

  const RecorderOptions options_;
  net::Fd file_;
  size_t written_ = 0;  // to this file; the writer's own, as file_

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::string buffer_;
  uint64_t lost_ = 0;
  uint64_t told_lost_ = 0;
  uint64_t buffered_ = 0;  // decisions in buffer_
  bool stopping_ = false;
  std::vector<RecordedUpstream> upstreams_;
  std::thread writer_;
};

}  // namespace weir::proxy
