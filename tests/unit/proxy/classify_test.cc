#include "proxy/classify.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "http/h1_parser.h"
#include "proxy/outcome.h"

namespace weir::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kNow{seconds(100)};

struct Parsed {
  explicit Parsed(const std::string& lines)
      : text("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n") {
    EXPECT_TRUE(http::parse_request(text, http::HeadLimits{}, head).done()) << text;
  }
  RequestContext context(const Options& options = {},
                         Criticality of_route = Criticality::kCritical) const {
    return classify(head, options, of_route, 3, kNow);
  }
  std::string text;
  http::RequestHead head;
};

TEST(Classify, WithoutHeadersItIsCriticalAndUnbounded) {
  const RequestContext context = Parsed("").context();
  EXPECT_EQ(context.criticality, Criticality::kCritical);
  EXPECT_FALSE(context.deadline.bounded());
  EXPECT_EQ(context.worker, 3);
  EXPECT_EQ(context.cost, 1U);
}

TEST(Classify, TheEarliestDeadlineCounts) {
  EXPECT_EQ(Parsed("X-Request-Deadline-Ms: 250\r\n").context().deadline.when(),
            kNow + milliseconds(250));
  EXPECT_EQ(Parsed("X-Request-Deadline-Ms: 250\r\ngrpc-timeout: 90m\r\n"
                   "x-envoy-expected-rq-timeout-ms: 700\r\n")
                .context()
                .deadline.when(),
            kNow + milliseconds(90));
  EXPECT_EQ(Parsed("X-Request-Deadline-Ms: 0\r\n").context().deadline.when(), kNow);
}

TEST(Classify, UnreadableDeadlinesAreIgnored) {
  for (const char* value : {"", "x", "-1", "1.5", "10s", "99999999999999999999", "1 "}) {
    const Parsed parsed("X-Request-Deadline-Ms: " + std::string(value) + "\r\n");
    const bool readable = std::string_view(value) == "1 ";  // blanks around it are not part of it
    EXPECT_EQ(parsed.context().deadline.bounded(), readable) << "'" << value << "'";
  }
}

TEST(Classify, GrpcTimeouts) {
  EXPECT_EQ(parse_grpc_timeout("2H"), std::chrono::hours(2));
  EXPECT_EQ(parse_grpc_timeout("3M"), std::chrono::minutes(3));
  EXPECT_EQ(parse_grpc_timeout("99999999S"), seconds(99999999));
  EXPECT_EQ(parse_grpc_timeout("5m"), milliseconds(5));
  EXPECT_EQ(parse_grpc_timeout("7u"), std::chrono::microseconds(7));
  EXPECT_EQ(parse_grpc_timeout("9n"), Duration(9));
  for (const char* text : {"", "5", "m", "5x", "-5m", "123456789m", "5 m", "+5m"})
    EXPECT_EQ(parse_grpc_timeout(text), Duration::max()) << text;
}

TEST(Classify, CriticalityComesFromTheHeaderThenFromBaggageAndIsClamped) {
  EXPECT_EQ(Parsed("X-Weir-Priority: SHEDDABLE\r\n").context().criticality,
            Criticality::kSheddable);
  EXPECT_EQ(
      Parsed("baggage: user=7 , criticality = SHEDDABLE_PLUS;p=1,x=y\r\n").context().criticality,
      Criticality::kSheddablePlus);
  EXPECT_EQ(Parsed("X-Weir-Priority: nonsense\r\nbaggage: criticality=SHEDDABLE\r\n")
                .context()
                .criticality,
            Criticality::kSheddable);
  const Parsed claims("X-Weir-Priority: CRITICAL_PLUS\r\n");
  EXPECT_EQ(claims.context().criticality, Criticality::kCritical);
  Options trusting;
  trusting.trust_priority = true;
  EXPECT_EQ(claims.context(trusting).criticality, Criticality::kCriticalPlus);
}

TEST(Classify, TheRouteSpeaksForThoseWhoClaimNothing) {
  EXPECT_EQ(Parsed("").context({}, Criticality::kSheddable).criticality, Criticality::kSheddable);
  EXPECT_EQ(Parsed("").context({}, Criticality::kCriticalPlus).criticality,
            Criticality::kCriticalPlus);
  const Parsed claims("X-Weir-Priority: CRITICAL\r\n");
  EXPECT_EQ(claims.context({}, Criticality::kSheddable).criticality, Criticality::kSheddable);
  EXPECT_EQ(claims.context({}, Criticality::kCriticalPlus).criticality, Criticality::kCritical);
}

TEST(Classify, ANestedCallBetweenNeighboursKeepsTheClassOfItsParent) {
  Options trusting;
  trusting.trust_priority = true;
  const Parsed nested("baggage: criticality=CRITICAL\r\n");
  EXPECT_EQ(nested.context(trusting, Criticality::kSheddable).criticality, Criticality::kCritical);
  const Parsed batch("baggage: criticality=SHEDDABLE\r\n");
  EXPECT_EQ(batch.context(trusting, Criticality::kCriticalPlus).criticality,
            Criticality::kSheddable);
}

TEST(ShrinkDeadline, RewritesWhatCameAndNothingElse) {
  NextHopLines lines;
  const Deadline deadline = Deadline::at(kNow + milliseconds(420));
  shrink_deadline(Parsed("grpc-timeout: 1S\r\nX-Request-Deadline-Ms: 900\r\n").head, deadline,
                  false, kNow, lines);
  EXPECT_EQ(lines.view(), "x-request-deadline-ms: 420\r\ngrpc-timeout: 420m\r\n");
  EXPECT_TRUE(lines.drop.contains(http::HeaderName::kGrpcTimeout));
  EXPECT_TRUE(lines.drop.contains(http::HeaderName::kXRequestDeadlineMs));
  EXPECT_FALSE(lines.drop.contains(http::HeaderName::kXEnvoyExpectedRqTimeoutMs));
  shrink_deadline(Parsed("").head, deadline, false, kNow, lines);
  EXPECT_EQ(lines.view(), "");
  EXPECT_TRUE(lines.drop.empty());
}

TEST(RequestId, OnlyHarmlessOnesAreKept) {
  EXPECT_TRUE(is_safe_request_id("7f3a-12.b_c:/+=@"));
  EXPECT_TRUE(is_safe_request_id(std::string(128, 'a')));
  for (const std::string& id : {std::string(), std::string(129, 'a'), std::string("a\"b"),
                                std::string("a b"), std::string("a\\b"), std::string("é")})
    EXPECT_FALSE(is_safe_request_id(id)) << id;
}

TEST(Outcome, OfAnAnswer) {
  const auto outcome = [](int status, const std::string& lines = "") {
    const std::string text =
        "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 0\r\n" + lines + "\r\n";
    http::ResponseHead head;
    EXPECT_TRUE(http::parse_response(text, http::HeadLimits{}, http::ResponseTo{}, head).done());
    return outcome_of(head);
  };
  for (const int status : {200, 204, 301, 400, 404, 428, 499})
    EXPECT_EQ(outcome(status), Outcome::kSuccess) << status;
  for (const int status : {500, 502, 504}) EXPECT_EQ(outcome(status), Outcome::kFailure) << status;
  for (const int status : {503, 529}) EXPECT_EQ(outcome(status), Outcome::kDropped) << status;
  EXPECT_EQ(outcome(429), Outcome::kIgnored);
  EXPECT_EQ(outcome(429, "x-envoy-overloaded: true\r\n"), Outcome::kDropped);
}

}  // namespace
}  // namespace weir::proxy
