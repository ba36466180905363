#include "proxy/recording.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "proxy/recorder.h"
#include "weir/control/registry.h"

namespace weir::proxy {
namespace {

using std::chrono::milliseconds;

LimitChange change_at(int64_t ms) {
  LimitChange change;
  WindowStats& window = change.window;
  window.end = Instant{} + milliseconds(ms);
  window.begin = window.end - milliseconds(10);
  window.successes = 31;
  window.admitted = 33;
  window.limited = 7;
  window.inflight_sum = 812.5;
  window.inflight_peak = 44;
  window.limit = 40;
  for (int i = 1; i <= 31; ++i) window.latency.record(milliseconds(i));
  window.latency_min = milliseconds(1);
  window.cpu_used_ratio = 0.25;
  change.at = window.end;
  change.before = 40;
  change.after = 48;
  change.cause = LimitCause::kGrow;
  change.figures[1] = -0.5;
  return change;
}

std::string recording(int decisions) {
  std::string bytes;
  append_recording_header(bytes);
  RecordedUpstream upstream;
  upstream.name = "shop";
  upstream.law = "elastic";
  append_entry(bytes, upstream);
  for (int i = 1; i <= decisions; ++i) append_entry(bytes, 0, change_at(10 * i));
  return bytes;
}

struct Read {
  std::vector<RecordedUpstream> upstreams;
  std::vector<RecordedDecision> decisions;
  uint64_t lost = 0;
  std::string error;
  bool cut_short = false;
};

Read read(const std::string& bytes) {
  Read all;
  auto reader = RecordingReader::open(bytes);
  if (!reader) return all.error = reader.error().message, all;
  while (true) {
    auto entry = reader->next();
    if (!entry) return all.error = entry.error().message, all;
    if (!entry->has_value()) break;
    if (auto* upstream = std::get_if<RecordedUpstream>(&**entry))
      all.upstreams.push_back(*upstream);
    if (auto* decision = std::get_if<RecordedDecision>(&**entry))
      all.decisions.push_back(*decision);
    if (auto* gap = std::get_if<RecordedGap>(&**entry)) all.lost += gap->lost;
  }
  all.cut_short = reader->cut_short();
  return all;
}

TEST(Recording, GivesBackWhatWasWritten) {
  const Read all = read(recording(3));
  ASSERT_EQ(all.error, "");
  ASSERT_EQ(all.upstreams.size(), 1u);
  EXPECT_EQ(all.upstreams[0].name, "shop");
  EXPECT_TRUE(all.upstreams[0].from_the_start);
  ASSERT_EQ(all.decisions.size(), 3u);
  const LimitChange expected = change_at(30);
  const RecordedDecision& last = all.decisions[2];
  EXPECT_EQ(last.window.begin, expected.window.begin);
  EXPECT_EQ(last.window.end, expected.window.end);
  EXPECT_EQ(last.window.successes, 31u);
  EXPECT_EQ(last.window.limited, 7u);
  EXPECT_EQ(last.window.inflight_sum, 812.5);
  EXPECT_EQ(last.window.latency_min, milliseconds(1));
  EXPECT_EQ(last.window.cpu_used_ratio, 0.25);
  EXPECT_EQ(last.window.latency.count(), 31u);
  EXPECT_EQ(last.window.latency.sum_ns(), expected.window.latency.sum_ns());
  EXPECT_EQ(last.window.latency.quantile(0.9), expected.window.latency.quantile(0.9));
  EXPECT_EQ(last.move.after, 48u);
  EXPECT_EQ(last.move.cause, LimitCause::kGrow);
  EXPECT_EQ(last.move.figures[1], -0.5);
}

TEST(Recording, TakesLessThan200BytesADecision) {
  EXPECT_LT((recording(100).size() - recording(0).size()) / 100, 200u);
}

TEST(Recording, ACutAnywhereLeavesWhatCameBefore) {
  const std::string whole = recording(3);
  for (size_t size = 12; size < whole.size(); ++size) {
    const Read all = read(whole.substr(0, size));
    EXPECT_EQ(all.error, "") << size;
    EXPECT_LT(all.decisions.size(), 3u);
    const bool between_entries = size == 12 || size == recording(0).size() ||
                                 size == recording(1).size() || size == recording(2).size();
    EXPECT_EQ(all.cut_short, !between_entries) << size;
  }
}

TEST(Recording, AnyChangedBitIsNoticed) {
  const std::string whole = recording(2);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const Read all = read(damaged);
    EXPECT_TRUE(!all.error.empty() || all.cut_short) << at;
  }
}

TEST(Recording, SaysWhatIsWrongAndWhatToDo) {
  EXPECT_EQ(read("GIF89a and so on").error, "this is not a recording of weir");
  std::string later = recording(1);
  later[8] = 2;
  EXPECT_EQ(read(later).error, "the recording has version 2, this weir reads version 1");
  std::string damaged = recording(1);
  damaged.back() ^= 1;
  EXPECT_NE(read(damaged).error.find("damaged at byte 41"), std::string::npos)
      << read(damaged).error;
}

TEST(Recording, EntriesOfALaterKindArePassedOver) {
  std::string bytes = recording(0);
  std::string one;
  append_entry(one, RecordedGap{5});
  bytes += one;
  EXPECT_EQ(read(bytes).lost, 5u);
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Recorder, KeepsTheLatestWithinItsBound) {
  const std::string path = ::testing::TempDir() + "weir-recorder-test.rec";
  constexpr size_t kBound = 64 << 10;
  {
    auto recorder = Recorder::open({path, kBound});
    ASSERT_TRUE(recorder) << recorder.error().message;
    const Limiter limiter(make_limit("elastic", 1), {}, Instant{});
    const uint32_t id = (*recorder)->add_upstream("shop", limiter, 1);
    for (int i = 1; i <= 200; ++i) (*recorder)->record(id, change_at(10 * i));
    EXPECT_EQ((*recorder)->lost(), 0u);
  }
  const Read all = read(contents(path));
  EXPECT_EQ(all.error, "");
  ASSERT_FALSE(all.upstreams.empty());
  EXPECT_EQ(all.upstreams[0].law, "elastic");
  EXPECT_EQ(all.decisions.size(), 200u);
  EXPECT_LE(contents(path).size(), kBound);
}

TEST(Recorder, SaysWhereItCannotWrite) {
  const auto recorder = Recorder::open({"/no/such/folder/file", 1 << 20});
  ASSERT_FALSE(recorder);
  EXPECT_EQ(recorder.error().kind, ErrorKind::kUnavailable);
  EXPECT_NE(recorder.error().message.find("/no/such/folder/file"), std::string::npos);
}

}  // namespace
}  // namespace weir::proxy
