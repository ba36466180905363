#include "options.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(*parse_duration("250us"), microseconds(250));
  EXPECT_EQ(*parse_duration("80ms"), milliseconds(80));
  EXPECT_EQ(*parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(*parse_duration("2m"), minutes(2));
  EXPECT_EQ(*parse_duration("1h"), hours(1));
  EXPECT_EQ(*parse_duration("0"), Duration::zero());
  EXPECT_EQ(*parse_duration("0s"), Duration::zero());
}

TEST(ParseDuration, RefusesWhatCouldMeanTwoThings) {
  for (const char* text : {"", "80", "-1s", "+1s", " 1s", "1 s", "1sec", "s", "inf", "nan",
                           "1e400s", "300000000h", "1s2", "."}) {
    EXPECT_FALSE(parse_duration(text)) << "'" << text << "'";
    EXPECT_EQ(parse_duration(text).error().kind, ErrorKind::kUsage);
  }
}

TEST(FormatDuration, IsReadBackAsTheSameTime) {
  for (const char* text : {"1.5s", "80ms", "2m", "1h", "90s", "250us", "7ns", "1.5m"}) {
    const Duration value = *parse_duration(text);
    EXPECT_EQ(*parse_duration(format_duration(value)), value) << format_duration(value);
  }
  EXPECT_EQ(format_duration(milliseconds(1500)), "1.5s");
  EXPECT_EQ(format_duration(Duration::zero()), "0");
}

}  // namespace
}  // namespace weir::cli
