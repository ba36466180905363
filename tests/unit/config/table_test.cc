#include "config/table.h"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

struct Inner {
  Duration wait = std::chrono::seconds(1);
  size_t room = 0;
};

enum class Colour { kRed, kGreen };

struct Outer {
  std::string name;
  int count = 3;
  Colour colour = Colour::kRed;
  Inner inner;
  std::vector<std::string> to;
  std::vector<Duration> steps;
  std::map<std::string, Inner> named;
};

Table<Inner> inner_table() {
  return Table<Inner>().duration("wait", &Inner::wait, "How long").size("room", &Inner::room, "");
}

Table<Outer> outer_table() {
  return Table<Outer>()
      .text("name", &Outer::name, "Its name")
      .required()
      .integer("count", &Outer::count, 1, 9, "How many")
      .choice("colour", &Outer::colour, {{"red", Colour::kRed}, {"green", Colour::kGreen}}, "")
      .table("inner", &Outer::inner, inner_table(), "")
      .texts("to", &Outer::to, "")
      .durations("steps", &Outer::steps, "")
      .named("named", &Outer::named, inner_table(), "")
      .rule([](const Outer& outer) { return outer.name == "bad" ? "bad name" : ""; });
}

std::string problems(std::string_view text, Outer& into) {
  Diagnostics diagnostics("f.yaml", text);
  outer_table().read(parse_yaml(text, diagnostics), diagnostics, into);
  return diagnostics.render();
}

TEST(Table, FillsWhatIsThereAndLeavesTheRest) {
  Outer outer;
  EXPECT_EQ(problems("name: x\n"
                     "colour: green\n"
                     "inner: { room: 2KiB }\n"
                     "to: one\n"
                     "steps: [10ms, 1.5s]\n"
                     "named: { a: { wait: 2m } }\n",
                     outer),
            "");
  EXPECT_EQ(outer.count, 3);
  EXPECT_EQ(outer.colour, Colour::kGreen);
  EXPECT_EQ(outer.inner.room, 2048u);
  EXPECT_EQ(outer.inner.wait, std::chrono::seconds(1));
  EXPECT_EQ(outer.to, std::vector<std::string>{"one"});
  EXPECT_EQ(outer.steps.at(1), std::chrono::milliseconds(1500));
  EXPECT_EQ(outer.named.at("a").wait, std::chrono::minutes(2));
}

TEST(Table, ReportsEveryMistakeWithItsPlace) {
  Outer outer;
  EXPECT_EQ(problems("nmae: x\n"
                     "count: 12\n"
                     "count: 4\n"
                     "colour: blue\n"
                     "inner: { wait: 10 }\n",
                     outer),
            "f.yaml:1:1: error: unknown key 'nmae'; did you mean 'name'?\n"
            "  1 | nmae: x\n"
            "    | ^\n"
            "f.yaml:1:1: error: 'name' is missing\n"
            "  1 | nmae: x\n"
            "    | ^\n"
            "f.yaml:2:8: error: '12' is not a whole number from 1 to 9\n"
            "  2 | count: 12\n"
            "    |        ^\n"
            "f.yaml:3:1: error: duplicate key 'count'\n"
            "  3 | count: 4\n"
            "    | ^\n"
            "f.yaml:4:9: error: 'blue' is not one of red or green\n"
            "  4 | colour: blue\n"
            "    |         ^\n"
            "f.yaml:5:16: error: '10' is not a length of time; write a number and its unit, as in "
            "100ms or 5s\n"
            "  5 | inner: { wait: 10 }\n"
            "    |                ^\n");
}

TEST(Table, RulesJudgeOnlyWhatCouldBeRead) {
  Outer outer;
  EXPECT_NE(problems("name: bad\n", outer).find("bad name"), std::string::npos);
  EXPECT_EQ(problems("{ name: bad, cuont: 1 }\n", outer).find("bad name"), std::string::npos);
}

TEST(Table, BrokenYamlIsOneMistakeWithItsPlace) {
  for (const char* text : {"name: [1, 2\n", "\tname: x\n", "a: b: c\n"}) {
    Outer outer;
    EXPECT_NE(problems(text, outer).find("error: "), std::string::npos) << text;
  }
}

struct Figures {
  bool on = false;
  double factor = 1;
  double share = 0;
  double rate = 0;
  Located target;
  std::optional<Inner> inner;
};

Table<Figures> figures_table() {
  return Table<Figures>()
      .boolean("on", &Figures::on, "")
      .number("factor", &Figures::factor, 0.5, 8, "")
      .percent("share", &Figures::share, "")
      .rate("rate", &Figures::rate, "")
      .located("target", &Figures::target, "")
      .table("inner", &Figures::inner, inner_table(), "");
}

std::string problems(std::string_view text, Figures& into) {
  Diagnostics diagnostics("f.yaml", text);
  figures_table().read(parse_yaml(text, diagnostics), diagnostics, into);
  return diagnostics.render();
}

TEST(Table, ReadsTruthsFactorsSharesRatesAndNames) {
  Figures figures;
  EXPECT_EQ(problems("{ on: true, factor: 2.5, share: 12.5%, rate: 90/m }", figures), "");
  EXPECT_TRUE(figures.on);
  EXPECT_EQ(figures.factor, 2.5);
  EXPECT_EQ(figures.share, 0.125);
  EXPECT_EQ(figures.rate, 1.5);
  EXPECT_FALSE(figures.inner.has_value());
  EXPECT_EQ(problems("target: x\ninner: { room: 1KiB }", figures), "");
  EXPECT_EQ(figures.target.place.column, 9);
  EXPECT_EQ(figures.inner->room, 1024u);
}

TEST(Table, SaysWhatATruthAFactorAShareAndARateAre) {
  Figures figures;
  const std::string text = problems("on: yes\nfactor: 9\nshare: 0.5\nrate: 3200\n", figures);
  for (const char* part :
       {"1:5: error: 'yes' is not true or false", "2:9: error: '9' is not a number from 0.5 to 8",
        "3:8: error: '0.5' is not a share from 0% to 100%, as in 25%",
        "4:7: error: '3200' is not a rate; write a number and its unit"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

TEST(Table, TheSchemaHasEveryKey) {
  observe::JsonWriter json;
  json.begin_object();
  outer_table().schema(json);
  json.end_object();
  const std::string& schema = json.text();
  for (const char* part : {R"("additionalProperties":false)", R"("required":["name"])",
                           R"("enum":["red","green"])", R"("minimum":1,"maximum":9)"})
    EXPECT_NE(schema.find(part), std::string::npos) << part << " in " << schema;
}

TEST(Values, UnitsAreMandatory) {
  EXPECT_EQ(parse_duration("100ms"), std::chrono::milliseconds(100));
  EXPECT_EQ(parse_size("1.5MiB"), 1572864u);
  EXPECT_EQ(parse_percent("50%"), 0.5);
  EXPECT_EQ(parse_integer("-4"), -4);
  for (const char* text :
       {"", "10", "ms", "-1s", "1 s", "1sec", "1e3s", "0", "nan", "inf", "99999999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
  for (const char* text : {"", "10", "-1B", "1kb", "1M"}) EXPECT_FALSE(parse_size(text)) << text;
  for (const char* text : {"", "50", "101%", "-1%"}) EXPECT_FALSE(parse_percent(text)) << text;
  for (const char* text : {"", "1.5", "4x", "99999999999999999999"})
    EXPECT_FALSE(parse_integer(text)) << text;
}

}  // namespace
}  // namespace weir::config
