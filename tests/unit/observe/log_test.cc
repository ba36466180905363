#include "observe/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

namespace weir::observe {
namespace {

using namespace std::string_view_literals;

// 2026-11-24 10:21:03.042 UTC
int64_t fixed_clock() {
  return 1'795'515'663'042'000'000;
}

class LogTest : public testing::Test {
 protected:
  LogTest() {
    EXPECT_EQ(pipe(ends_), 0);
    // A mebibyte, so that a log can be destroyed before its lines are read.
    fcntl(ends_[1], F_SETPIPE_SZ, 1 << 20);
  }
  ~LogTest() override {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }

  LogOptions options(LogFormat format) {
    return {.fd = ends_[1], .format = format, .clock = &fixed_clock};
  }

  // What was written, once the log is gone.
  std::string read_all() {
    close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    char bytes[4096];
    for (ssize_t size; (size = read(ends_[0], bytes, sizeof bytes)) > 0;)
      text.append(bytes, static_cast<size_t>(size));
    return text;
  }

  int ends_[2];
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  {
    Log log(options(LogFormat::kJson));
    log.write(
        LogLevel::kWarning, "refused", "orders is at its limit",
        {{"upstream", "orders"sv}, {"value", int64_t{118}}, {"share", 0.25}, {"dry_run", true}});
    log.write(LogLevel::kInfo, "ready", "listening");
  }
  EXPECT_EQ(read_all(),
            R"({"time":"2026-11-24T10:21:03.042Z","level":"warning","event":"refused",)"
            R"("message":"orders is at its limit","upstream":"orders","value":118,"share":0.25,)"
            R"("dry_run":true})"
            "\n"
            R"({"time":"2026-11-24T10:21:03.042Z","level":"info","event":"ready",)"
            R"("message":"listening"})"
            "\n");
}

TEST_F(LogTest, WritesASentenceForPeople) {
  {
    Log log(options(LogFormat::kHuman));
    log.write(LogLevel::kError, "bind", "port in use",
              {{"address", ":8080"sv}, {"why", "in use"sv}});
  }
  EXPECT_EQ(read_all(), "10:21:03.042 error port in use  address=:8080  why=\"in use\"\n");
}

TEST_F(LogTest, LeavesOutLevelsBelowTheMinimum) {
  {
    Log log(options(LogFormat::kHuman));
    log.write(LogLevel::kDebug, "noise", "not this");
    EXPECT_FALSE(log.enabled(LogLevel::kDebug));
  }
  EXPECT_EQ(read_all(), "");
}

TEST_F(LogTest, ACallersBytesCannotBreakTheLine) {
  {
    Log log(options(LogFormat::kHuman));
    log.write(LogLevel::kInfo, "request", "GET /\n10:00:00.000 error forged",
              {{"path", "/\r\n\x1b[2J"sv}});
  }
  EXPECT_EQ(read_all(),
            "10:21:03.042 info GET / 10:00:00.000 error forged  path=\"/\\r\\n\\u001b[2J\"\n");
}

TEST_F(LogTest, LongLinesStayValidAndSayThatTheyAreCut) {
  const std::string long_text(5000, 'x');
  const std::string hostile(5000, '\x01');  // six bytes each when escaped
  {
    Log log(options(LogFormat::kJson));
    log.write(
        LogLevel::kInfo, "long", "m",
        {{"a", long_text}, {"b", long_text}, {"c", long_text}, {"d", long_text}, {"e", long_text}});
    log.write(LogLevel::kInfo, "hostile", hostile, {{"a", hostile}});
  }
  const std::string text = read_all();
  const size_t end = text.find('\n');
  EXPECT_LE(end, Log::kLineMax);
  EXPECT_TRUE(text.substr(0, end).ends_with(",\"truncated\":true}"));
  EXPECT_EQ(
      text.substr(end + 1),
      R"({"time":"2026-11-24T10:21:03.042Z","level":"info","event":"hostile","truncated":true})"
      "\n");
}

// Nobody reads the pipe: the writers go on, lines are lost and counted, and the end is not held up.
TEST_F(LogTest, AFullRingDropsInsteadOfBlocking) {
  fcntl(ends_[1], F_SETPIPE_SZ, 4096);
  std::optional<Log> log(options(LogFormat::kJson));
  const std::string text(200, 'x');
  constexpr uint64_t kLines = 3 * Log::kRingMax;
  for (uint64_t i = 0; i < kLines; ++i)
    log->write(LogLevel::kInfo, "line", text, {{"a", text}, {"b", text}});
  EXPECT_GT(log->dropped(), 0u);
  EXPECT_LE(log->dropped(), kLines - Log::kRingMax);
  log.reset();
}

TEST_F(LogTest, ManyThreadsWriteWholeLines) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;  // together below kRingMax: none may be lost
  {
    Log log(options(LogFormat::kJson));
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&log] {
        for (int i = 0; i < kLines; ++i) log.write(LogLevel::kInfo, "line", "text");
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(log.dropped(), 0u);
  }
  const std::string text = read_all();
  const std::string line =
      R"({"time":"2026-11-24T10:21:03.042Z","level":"info","event":"line","message":"text"})"
      "\n";
  ASSERT_EQ(text.size(), line.size() * kThreads * kLines);
  for (size_t at = 0; at < text.size(); at += line.size())
    EXPECT_EQ(text.substr(at, line.size()), line);
}

TEST(LoggablePath, LeavesOutWhatCanHoldASecret) {
  EXPECT_EQ(loggable_path("/a/b?token=1"), "/a/b");
  EXPECT_EQ(loggable_path("/a#b?c"), "/a");
  EXPECT_EQ(loggable_path("http://user:password@host/a?b"), "/a");
  EXPECT_EQ(loggable_path("http://user:password@host"), "/");
  EXPECT_EQ(loggable_path("/go?to=http://x/y"), "/go");
  EXPECT_EQ(loggable_path("*"), "*");
}

}  // namespace
}  // namespace weir::observe
