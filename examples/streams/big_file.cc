// Reads a file of any size, transforms it and feeds a slow service, in memory that does not grow.
//
//   streams_big_file FILE
//   streams_big_file --make-megabytes N     makes a file of N MB first, and removes it at the end
//
// The file is read in blocks of 1 MB on one thread, each block is summed up on another, and the
// sums go to a service that takes 2 ms a call and bears four calls at a time. Nobody waits in a
// queue: the file is read when the service has room.
#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "weir/exec/thread_pool.h"
#include "weir/streams/flat_map.h"
#include "weir/streams/for_each.h"
#include "weir/streams/generator.h"
#include "weir/streams/map.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/subscribe_on.h"

namespace {

namespace streams = weir::streams;
using Block = std::vector<char>;
using std::chrono::milliseconds;

constexpr size_t kBlockBytes = 1 << 20;

streams::Generator<Block> blocks_of(std::string path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) throw std::system_error(errno, std::generic_category(), path);
  for (;;) {
    Block block(kBlockBytes);
    block.resize(std::fread(block.data(), 1, block.size(), file.get()));
    if (block.empty()) co_return;
    co_yield std::move(block);
  }
}

struct Summary {
  size_t bytes = 0;
  uint64_t lines = 0;
};

Summary summarize(const Block& block) noexcept {
  Summary summary{block.size(), 0};
  for (const char c : block) summary.lines += c == '\n';
  return summary;
}

/// The answer of a service comes 2 ms after the question, as a flow of one item.
class Answer final : public streams::Subscription,
                     public streams::TimerTask,
                     public std::enable_shared_from_this<Answer> {
 public:
  Answer(Summary summary, streams::TimedScheduler& timers,
         std::shared_ptr<streams::Subscriber<Summary>> down)
      : summary_(summary), timers_(timers), down_(std::move(down)) {}

  void request(uint64_t) noexcept override {
    if (!std::exchange(asked_, true))
      timers_.post_at(timers_.now() + milliseconds(2), shared_from_this());
  }
  void cancel() noexcept override { cancelled_.store(true); }
  void run() noexcept override {
    const auto down = std::move(down_);
    if (cancelled_.load()) return;
    down->on_next(summary_);
    down->on_complete();
  }

 private:
  const Summary summary_;
  streams::TimedScheduler& timers_;
  std::shared_ptr<streams::Subscriber<Summary>> down_;
  bool asked_ = false;
  std::atomic<bool> cancelled_{false};
};

auto call_service(streams::TimedScheduler& timers) {
  return [&timers](Summary summary) {
    return streams::lift<Summary>([summary, &timers](auto down) {
      auto& subscriber = *down;
      subscriber.on_subscribe(std::make_shared<Answer>(summary, timers, std::move(down)));
    });
  };
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// In TMPDIR, or /tmp.
std::string make_file(int64_t megabytes) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder != nullptr ? folder : "/tmp") + "/weir_big_file_XXXXXX";
  const int descriptor = mkstemp(path.data());
  std::FILE* file = descriptor < 0 ? nullptr : fdopen(descriptor, "wb");
  if (file == nullptr) throw std::system_error(errno, std::generic_category(), path);
  std::string block;
  while (block.size() < kBlockBytes) block += "a line of a log, or an order, or whatever it is\n";
  block.resize(kBlockBytes);
  bool written = true;
  for (int64_t i = 0; i < megabytes && written; ++i)
    written = std::fwrite(block.data(), 1, block.size(), file) == block.size();
  if (std::fclose(file) == 0 && written) return path;
  std::remove(path.c_str());
  throw std::system_error(errno, std::generic_category(), path + " (set TMPDIR, or make it less)");
}

/// The exception that an error of the flow carries, for people.
std::string text_of(const streams::StreamError& error) {
  const auto* thrown = error.get_if<std::exception_ptr>();
  if (thrown == nullptr) return "the flow has failed";
  try {
    std::rethrow_exception(*thrown);
  } catch (const std::exception& exception) {
    return exception.what();
  }
}

Summary run(const std::string& path) {
  weir::exec::ThreadPool pool({.threads = 2});
  std::latch done(1);
  Summary total;
  std::optional<streams::StreamError> failure;
  const auto on_end = [&](const std::optional<streams::StreamError>& error) noexcept {
    failure = error;
    done.count_down();
  };
  streams::from_generator([path] { return blocks_of(path); }) | streams::subscribe_on(pool) |
      streams::publish_on(pool, {.items = 8, .bytes = 8 * kBlockBytes}) | streams::map(summarize) |
      streams::flat_map(call_service(pool), {.concurrency = 4, .prefetch = 1}) |
      streams::for_each(
          [&total](const Summary& part) noexcept {
            total.bytes += part.bytes;
            total.lines += part.lines;
          },
          on_end, 4);
  done.wait();
  if (failure) throw std::runtime_error(text_of(*failure));
  return total;
}

void report(const std::string& path) {
  const auto begin = std::chrono::steady_clock::now();
  const Summary total = run(path);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  std::printf("%.2f GB in %.1f s, %llu lines, peak memory %.1f MB\n",
              static_cast<double>(total.bytes) / 1e9, spent.count(),
              static_cast<unsigned long long>(total.lines), peak_megabytes());
}

}  // namespace

int main(int argc, char** argv) {
  const bool make = argc == 3 && std::string(argv[1]) == "--make-megabytes";
  if (!make && argc != 2) {
    std::fputs("usage: streams_big_file FILE | --make-megabytes N\n", stderr);
    return 64;
  }
  try {
    const std::string path = make ? make_file(std::atoll(argv[2])) : argv[1];
    report(path);
    if (make) std::remove(path.c_str());
    return 0;
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "streams_big_file: %s\n", exception.what());
    return 1;
  }
}
