#include "lab/units.h"

#include <gtest/gtest.h>

namespace weir::lab {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Units, DurationsNeedAUnit) {
  EXPECT_EQ(parse_duration("20ms").value(), milliseconds(20));
  EXPECT_EQ(parse_duration("1.5s").value(), milliseconds(1500));
  EXPECT_EQ(parse_duration("250us").value(), microseconds(250));
  EXPECT_EQ(parse_duration("2m").value(), seconds(120));
  for (const char* bad : {"", "20", "ms", "-5ms", "1.5.s", "20 ms", "20msx", "nans", "infs"}) {
    const auto parsed = parse_duration(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kUsage);
    EXPECT_FALSE(parsed.error().remedy.empty());
  }
}

TEST(Units, RatesRatiosFactorsAndSizes) {
  EXPECT_DOUBLE_EQ(parse_rate("400/s").value(), 400);
  EXPECT_DOUBLE_EQ(parse_rate("30/m").value(), 0.5);
  EXPECT_FALSE(parse_rate("400"));
  EXPECT_DOUBLE_EQ(parse_ratio("50%").value(), 0.5);
  EXPECT_FALSE(parse_ratio("101%"));
  EXPECT_DOUBLE_EQ(parse_factor("10x").value(), 10);
  EXPECT_FALSE(parse_factor("0x"));
  EXPECT_EQ(parse_size("64KiB").value(), 65'536u);
  EXPECT_EQ(parse_size("1kB").value(), 1'000u);
  EXPECT_FALSE(parse_size("64"));
  EXPECT_FALSE(parse_size("9000GiB"));
}

TEST(Units, DurationsPrintWithThreeDigits) {
  EXPECT_EQ(format_duration(microseconds(850)), "850 µs");
  EXPECT_EQ(format_duration(microseconds(20'400)), "20.4 ms");
  EXPECT_EQ(format_duration(milliseconds(1200)), "1.20 s");
  EXPECT_EQ(format_duration(microseconds(999'800)), "1.00 s");
  EXPECT_EQ(format_duration(seconds(42)), "42.0 s");
}

}  // namespace
}  // namespace weir::lab
