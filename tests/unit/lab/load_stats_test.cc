#include "lab/load_stats.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab/load_report.h"

namespace weir::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LoadStats, LatencyCountsFromTheIntendedTimeAndLandsWhereTheCallEnded) {
  LoadStats stats(seconds(10), milliseconds(100));
  stats.sent(milliseconds(950));
  stats.ended({milliseconds(950), milliseconds(2950), CallEnd::kOk, 200});
  EXPECT_EQ(stats.buckets()[9].sent, 1u);
  EXPECT_EQ(stats.buckets()[9].sent_ok, 1u);
  EXPECT_EQ(stats.buckets()[29].ended_as(CallEnd::kOk), 1u);
  EXPECT_NEAR(to_seconds(stats.buckets()[29].latency.quantile(0.5)), 2.0, 0.03);
}

TEST(LoadStats, RefusalsAndTimeoutsHaveNoLatency) {
  LoadStats stats(seconds(1), milliseconds(100));
  stats.ended({milliseconds(0), milliseconds(1), CallEnd::kRefused, 503});
  stats.ended({milliseconds(0), milliseconds(500), CallEnd::kTimedOut, 0});
  const LoadBucket total = stats.total();
  EXPECT_EQ(total.latency.count(), 0u);
  EXPECT_EQ(total.sent_ok, 0u);
  EXPECT_EQ(total.ended_total(), 2u);
  EXPECT_EQ(stats.by_status().at(503), 1u);
  EXPECT_EQ(stats.by_status().size(), 1u);
}

TEST(LoadStats, WhatEndsAfterTheRunGoesToTheLastBucket) {
  LoadStats stats(seconds(1), milliseconds(100));
  stats.ended({milliseconds(900), seconds(60), CallEnd::kOk, 200});
  EXPECT_EQ(stats.buckets().back().ended_as(CallEnd::kOk), 1u);
}

TEST(LoadStats, LongRunsWidenTheirBucketsInsteadOfGrowing) {
  LoadStats stats(seconds(36'000), milliseconds(100));
  EXPECT_LE(stats.buckets().size(), LoadStats::kBucketsMax + 1);
  EXPECT_GE(stats.bucket_width(), seconds(9));
}

TEST(LoadStats, RecentTakesWholeBucketsOnly) {
  LoadStats stats(seconds(10), milliseconds(500));
  for (int64_t t = 0; t < 4200; t += 10) {
    stats.ended({milliseconds(t), milliseconds(t), CallEnd::kOk, 200});
  }
  EXPECT_EQ(stats.recent(milliseconds(4200), seconds(1)).ended_as(CallEnd::kOk), 100u);
  EXPECT_EQ(stats.recent(milliseconds(4000), seconds(1)).ended_as(CallEnd::kOk), 100u);
  EXPECT_EQ(stats.recent(milliseconds(300), seconds(1)).ended_as(CallEnd::kOk), 0u);
}

TEST(LoadStats, StatusesSortIntoEnds) {
  EXPECT_EQ(end_of_status(204), CallEnd::kOk);
  EXPECT_EQ(end_of_status(304), CallEnd::kOk);
  EXPECT_EQ(end_of_status(429), CallEnd::kRefused);
  EXPECT_EQ(end_of_status(503), CallEnd::kRefused);
  EXPECT_EQ(end_of_status(404), CallEnd::kFailed);
  EXPECT_EQ(end_of_status(504), CallEnd::kFailed);
}

LoadSetting setting() {
  LoadSetting setting;
  setting.url = "http://127.0.0.1:9000/";
  setting.timeout = seconds(1);
  setting.phases = {{seconds(1), 2}, {seconds(1), 4}};
  return setting;
}

LoadStats small_run() {
  LoadStats stats(seconds(2), milliseconds(500));
  for (const int64_t t : {0, 500, 1000, 1250, 1500, 1750}) {
    stats.sent(milliseconds(t));
    stats.attempt(milliseconds(t));
    stats.ended({milliseconds(t), milliseconds(t + 20), CallEnd::kOk, 200});
  }
  stats.sent(milliseconds(1800));
  stats.ended({milliseconds(1800), milliseconds(2800), CallEnd::kTimedOut, 0});
  return stats;
}

TEST(LoadReport, JsonHoldsTotalsPhasesAndTimeline) {
  const auto json = load_json(setting(), small_run());
  EXPECT_EQ(json["total"]["sent"], 7);
  EXPECT_EQ(json["total"]["ok"], 6);
  EXPECT_EQ(json["total"]["timed_out"], 1);
  EXPECT_EQ(json["total"]["by_status"]["200"], 6);
  ASSERT_EQ(json["phases"].size(), 2u);
  EXPECT_EQ(json["phases"][0]["sent"], 2);
  EXPECT_EQ(json["phases"][1]["sent"], 5);
  EXPECT_DOUBLE_EQ(json["phases"][1]["ok_per_second"], 4);
  EXPECT_EQ(json["timeline"].size(), 5u);
  EXPECT_NEAR(json["total"]["latency_ms"]["p50"].get<double>(), 20, 0.3);
}

TEST(LoadReport, TextFitsEightyColumns) {
  const std::string text = load_text(setting(), small_run());
  EXPECT_NE(text.find("200: 6"), std::string::npos) << text;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 88u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(LoadReport, TheProgressLineFitsATerminal) {
  LoadBucket recent;
  recent.ended = {123456, 123456, 123456, 1, 1};
  const std::string line = load_progress(seconds(3599), seconds(3600), recent);
  EXPECT_LE(line.size(), 79u);
  EXPECT_NE(line.find("ok 123456/s"), std::string::npos) << line;
}

}  // namespace
}  // namespace weir::lab
