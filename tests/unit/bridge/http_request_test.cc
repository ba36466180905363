#include "bridge/http_request.h"

#include <gtest/gtest.h>

#include "bridge/record_headers.h"
#include "http/h1_parser.h"

namespace weir::bridge {
namespace {

Record order() {
  Record record;
  record.origin = {"orders", 3, 42};
  record.key = "a b\r\n";
  record.has_key = true;
  record.value = "hello";
  record.attempts = 1;
  record.headers = {{"Content-Type", "text/plain"},
                    {"trace", "1"},
                    {"evil", "x\r\nHost: elsewhere"},
                    {"not a token", "y"}};
  return record;
}

TEST(HttpRequest, IsWhatOurOwnStrictParserTakes) {
  DeliverOptions options;
  options.path = "/events";
  const std::string head = request_head(order(), options, "svc:9000");
  http::RequestHead parsed;
  const auto result = http::parse_request(head, {}, parsed);
  ASSERT_TRUE(result.done());
  EXPECT_EQ(parsed.path(), "/events");
  EXPECT_EQ(parsed.authority(), "svc:9000");
  EXPECT_EQ(parsed.body.length, 5u);
  EXPECT_EQ(parsed.headers.value("Content-Type"), "text/plain");
  EXPECT_EQ(parsed.headers.value("Kafka-Key"), "a%20b%0D%0A");
  EXPECT_EQ(parsed.headers.value("Kafka-Header-trace"), "1");
  EXPECT_EQ(parsed.headers.value("Idempotency-Key"), "\"orders/3/42\"");
  EXPECT_EQ(parsed.headers.value("X-Envoy-Attempt-Count"), "2");
  EXPECT_EQ(head.find("evil"), std::string::npos) << "a record must not write our heads";
}

std::string field_of(const RequestFields& fields, std::string_view name) {
  for (size_t i = 0; i < fields.list().size(); ++i)
    if (fields.list()[i].name == name) return std::string(fields.list()[i].value);
  return "(none)";
}

TEST(RequestFields, SayTheSameOverHttp2) {
  DeliverOptions options;
  options.protocol = Protocol::kHttp2;
  options.path = "/events";
  RequestFields fields;
  fields.fill(order(), options, "svc:9000");
  ASSERT_TRUE(fields.list().ok());
  EXPECT_EQ(fields.list()[0].name, ":method");
  EXPECT_EQ(field_of(fields, ":authority"), "svc:9000");
  EXPECT_EQ(field_of(fields, ":path"), "/events");
  EXPECT_EQ(field_of(fields, "content-length"), "5");
  EXPECT_EQ(field_of(fields, "content-type"), "text/plain");
  EXPECT_EQ(field_of(fields, "kafka-header-trace"), "1");
  EXPECT_EQ(field_of(fields, "kafka-header-evil"), "(none)");
  EXPECT_EQ(field_of(fields, "idempotency-key"), "\"orders/3/42\"");
}

TEST(RequestFields, SpeakGrpc) {
  DeliverOptions options;
  options.protocol = Protocol::kGrpc;
  options.timeout = std::chrono::seconds(3);
  RequestFields fields;
  fields.fill(order(), options, "svc:9000");
  EXPECT_EQ(field_of(fields, "content-type"), "application/grpc");
  EXPECT_EQ(field_of(fields, "te"), "trailers");
  EXPECT_EQ(field_of(fields, "grpc-timeout"), "3000m");
  EXPECT_EQ(field_of(fields, "content-length"), "(none)") << "the prefix is not in the value";
}

TEST(RequestFields, ManyHeadersOfARecordAreCutAndNotFatal) {
  Record record = order();
  for (int i = 0; i < 500; ++i)
    record.headers.emplace_back("Header-Number-" + std::to_string(i), std::string(20, 'x'));
  RequestFields fields;
  fields.fill(record, {}, "svc:9000");
  EXPECT_TRUE(fields.list().ok());
  EXPECT_EQ(field_of(fields, "kafka-header-header-number-10"), std::string(20, 'x'));
}

Delivery answered(const std::string& status, const std::string& fields = "") {
  const std::string text = "HTTP/1.1 " + status + " X\r\nContent-Length: 0\r\n" + fields + "\r\n";
  http::ResponseHead head;
  EXPECT_TRUE(http::parse_response(text, {}, {http::Method::kPost, false}, head).done());
  return delivery_of(head, 1'000'000);
}

TEST(HttpRequest, ReadsTheAnswer) {
  EXPECT_EQ(answered("204").answer, Answer::kDelivered);
  for (const char* status : {"429", "503", "529"})
    EXPECT_EQ(answered(status).answer, Answer::kOverloaded) << status;
  for (const char* status : {"408", "425", "500", "502", "504"})
    EXPECT_EQ(answered(status).answer, Answer::kFailed) << status;
  for (const char* status : {"302", "400", "404", "422"})
    EXPECT_EQ(answered(status).answer, Answer::kRejected) << status;
  EXPECT_EQ(answered("503", "Retry-After: 7\r\n").retry_after, std::chrono::seconds(7));
  const char* report = "Endpoint-Load-Metrics: TEXT named_metrics.weir_credits=7\r\n";
  EXPECT_EQ(answered("200", report).credits, 7u);
  EXPECT_EQ(answered("503", report).credits, 7u);
  EXPECT_EQ(answered("200").credits, std::nullopt);
}

TEST(HttpRequest, RetryAfterIsSecondsOrADate) {
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 60), std::chrono::seconds(40));
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 600), Duration{});
  for (const char* value : {"", "-5", "soon", "5 s", "99999999999"})
    EXPECT_EQ(parse_retry_after(value, 0), Duration{}) << value;
}

TEST(RecordHeaders, ComeBackAsTheyWent) {
  Record written = order();
  written.not_before_ms = 123;
  written.error = "the service answered 500";
  Record read;
  read.headers = bookkeeping_headers(written, "weir");
  read.headers.emplace_back("trace", "1");
  EXPECT_EQ(take_bookkeeping(read, "weir"), Bookkeeping::kOurs);
  EXPECT_EQ(read.origin.topic, "orders");
  EXPECT_EQ(read.origin.partition, 3);
  EXPECT_EQ(read.origin.offset, 42);
  EXPECT_EQ(read.attempts, 1);
  EXPECT_EQ(read.not_before_ms, 123);
  EXPECT_EQ(read.error, "the service answered 500");
  EXPECT_EQ(read.headers, (std::vector<Record::Header>{{"trace", "1"}}));
}

TEST(RecordHeaders, AnotherGroupsRetriesAreNotOurs) {
  Record read;
  read.headers = bookkeeping_headers(order(), "others");
  EXPECT_EQ(take_bookkeeping(read, "weir"), Bookkeeping::kForeign);
}

TEST(RecordHeaders, DamagedNumbersAreIgnored) {
  Record read;
  read.attempts = 0;
  read.headers = {{"weir-attempts", "-3"}, {"weir-not-before", "soon"}};
  EXPECT_EQ(take_bookkeeping(read, "weir"), Bookkeeping::kNone);
  EXPECT_EQ(read.attempts, 0);
  EXPECT_EQ(read.not_before_ms, 0);
}

}  // namespace
}  // namespace weir::bridge
