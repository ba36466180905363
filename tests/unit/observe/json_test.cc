#include "observe/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace weir::observe {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string number(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

TEST(Json, EscapesWhatTheGrammarForbids) {
  EXPECT_EQ(quoted("a\"b\\c\nd\re\tf"), R"("a\"b\\c\nd\re\tf")");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
}

TEST(Json, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(quoted("µ € 𝄞"), "\"µ € 𝄞\"");
  EXPECT_EQ(quoted("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quoted("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // overlong slash
  EXPECT_EQ(quoted("\xED\xA0\x80").size(), 2u + 3 * 3);           // a surrogate
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // cut off
  EXPECT_EQ(quoted("\xF4\x90\x80\x80").size(), 2u + 4 * 3);       // above U+10FFFF
}

TEST(Json, WritesNumbersShortAndNeverWritesNaN) {
  EXPECT_EQ(number(118), "118");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "null");
}

TEST(Json, PutsCommasWhereTheyBelong) {
  JsonWriter json;
  json.begin_object();
  json.member("name", "orders");
  json.key("list");
  json.begin_array();
  json.value(int64_t{1});
  json.begin_object();
  json.end_object();
  json.begin_array();
  json.end_array();
  json.null();
  json.end_array();
  json.member("open", true);
  json.end_object();
  EXPECT_EQ(json.text(), R"({"name":"orders","list":[1,{},[],null],"open":true})");
}

}  // namespace
}  // namespace weir::observe
