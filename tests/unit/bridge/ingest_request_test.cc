#include "bridge/ingest_request.h"

#include <gtest/gtest.h>

#include "bridge/rate_meter.h"
#include "http/h1_parser.h"
#include "unit/bridge/records.h"

namespace weir::bridge {
namespace {

std::optional<Record> record_from(const std::string& fields) {
  const std::string text = "POST /r HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
  http::RequestHead head;
  EXPECT_TRUE(http::parse_request(text, {}, head).done());
  return record_of(head);
}

TEST(IngestRequest, TakesKeyAndHeaders) {
  const auto record = record_from("kafka-key: a%20b%00\r\nKafka-Header-Trace: 1\r\nOther: 2\r\n");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->key, std::string("a b\0", 4));
  EXPECT_EQ(record->headers, (std::vector<Record::Header>{{"Trace", "1"}}));
  EXPECT_FALSE(record_from("")->has_key);
  EXPECT_TRUE(record_from("Kafka-Key: \r\n")->has_key) << "empty is not the same as none";
}

TEST(IngestRequest, ABrokenKeyIsNoKey) {
  for (const char* key : {"%", "%4", "%zz", "a%2"})
    EXPECT_FALSE(record_from(std::string("Kafka-Key: ") + key + "\r\n")) << key;
}

TEST(IngestRequest, ABatchIsALineEach) {
  const auto lines = batch_lines("one\r\n\ntwo\nthree");
  EXPECT_EQ(lines, (std::vector<std::string_view>{"one", "two", "three"}));
  EXPECT_TRUE(batch_lines("").empty());
  EXPECT_TRUE(batch_lines("\n\r\n").empty());
}

TEST(IngestRequest, AnswersAreWhatOurOwnParserTakes) {
  const std::string text =
      write_answer({.status = 429, .title = "full", .retry_after_s = 3, .close = true});
  http::ResponseHead head;
  const auto result = http::parse_response(text, {}, {http::Method::kPost, false}, head);
  ASSERT_TRUE(result.done());
  EXPECT_EQ(head.status, 429);
  EXPECT_FALSE(head.keep_alive);
  EXPECT_EQ(head.headers.value("Retry-After"), "3");
  EXPECT_EQ(head.body.length, text.size() - result.consumed);
  head.reset();
  const std::string durable = write_answer({.partition = 1, .offset = 7, .records = 1});
  ASSERT_TRUE(http::parse_response(durable, {}, {http::Method::kPost, false}, head).done());
  EXPECT_EQ(head.headers.value("Kafka-Offset"), "7");
}

TEST(RateMeter, FollowsWhatHappensLately) {
  RateMeter meter(std::chrono::seconds(2));
  EXPECT_EQ(meter.per_second(at_ms(0)), 0);
  for (int64_t ms = 0; ms < 20'000; ms += 10) meter.add(5, at_ms(ms));
  EXPECT_NEAR(meter.per_second(at_ms(20'000)), 500, 5);
  EXPECT_LT(meter.per_second(at_ms(30'000)), 5);
}

}  // namespace
}  // namespace weir::bridge
