// However the bytes arrive, the answer is the same: the whole message at once, cut in two at every
// place, byte by byte, and in random pieces that move to another buffer each time.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "weir/base/rng.h"

namespace weir::http {
namespace {

const std::vector<std::string>& requests() {
  static const std::vector<std::string> all = {
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\r\nPOST /x?y HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\nX: \t1 \r\n\r\nrest",
      "GET http://a/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: x\r\nX: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
      "G@T / HTTP/1.1\r\n",
  };
  return all;
}

std::string describe(const ParseResult& result, const RequestHead& head) {
  if (result.status == ParseStatus::kError) return std::string(to_string(result.error));
  if (result.status == ParseStatus::kNeedMore) return "more";
  std::string text = std::to_string(result.consumed) + " " + std::string(head.method_text()) + " " +
                     std::string(head.path()) + " " + std::string(head.authority());
  for (HeaderView header : head.headers) {
    text.append("|").append(header.name).append("=").append(header.value);
  }
  return text + (head.keep_alive ? " keep" : " close") + std::to_string(int(head.body.kind));
}

// Gives the parser growing prefixes of `bytes`, each in memory of its own so that a stale pointer
// or a read past the prefix shows under ASan.
std::string parse_in_pieces(const std::string& bytes, const std::vector<size_t>& ends) {
  RequestHead head;
  ParseResult result;
  std::vector<char> prefix;
  for (size_t end : ends) {
    prefix = std::vector<char>(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(end));
    result = parse_request({prefix.data(), prefix.size()}, HeadLimits{}, head);
    if (result.status != ParseStatus::kNeedMore) break;
  }
  return describe(result, head);
}

TEST(SplitInvariance, RequestHeads) {
  for (const std::string& bytes : requests()) {
    const std::string whole = parse_in_pieces(bytes, {bytes.size()});
    std::vector<size_t> every;
    for (size_t i = 0; i <= bytes.size(); ++i) {
      EXPECT_EQ(parse_in_pieces(bytes, {i, bytes.size()}), whole) << bytes << " cut at " << i;
      every.push_back(i);
    }
    EXPECT_EQ(parse_in_pieces(bytes, every), whole) << bytes;
  }
}

TEST(SplitInvariance, LongHeadsInRandomPieces) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(kSeed);
  Rng rng(kSeed);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = "GET /" + std::string(rng.below(300), 'p') + " HTTP/1.1\r\nHost: a\r\n";
    for (uint64_t i = rng.below(60); i > 0; --i) {
      bytes += "X-" + std::to_string(i) + ": " + std::string(rng.below(90), 'v') + "\r\n";
    }
    bytes += "\r\n";
    if (rng.below(3) == 0) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    std::vector<size_t> ends;
    for (size_t at = 0; at < bytes.size(); at += 1 + rng.below(100)) ends.push_back(at);
    ends.push_back(bytes.size());
    EXPECT_EQ(parse_in_pieces(bytes, ends), parse_in_pieces(bytes, {bytes.size()})) << bytes;
  }
}

// What is left unread stays in front of the next piece, as a connection's buffer does it.
std::string decode_in_pieces(const std::string& bytes, size_t first, size_t piece) {
  BodyDecoder decoder({BodyKind::kChunked, 0});
  std::string payload, trailers, rest;
  size_t at = 0;
  for (size_t take = first; at <= bytes.size(); take = piece) {
    take = std::min(take, bytes.size() - at);
    rest.append(bytes, at, take);
    at += take;
    for (;;) {
      const std::vector<char> in(rest.begin(), rest.end());
      const BodyStep step = decoder.decode({in.data(), in.size()});
      payload += step.payload;
      if (step.event == BodyEvent::kTrailer) {
        trailers.append(step.trailer.name).append("=").append(step.trailer.value).append(";");
      }
      rest.erase(0, step.consumed);
      if (step.event == BodyEvent::kError) {
        return payload + "|" + trailers + "|" + std::string(to_string(step.error));
      }
      if (step.event == BodyEvent::kDone) {
        return payload + "|" + trailers + "|left " +
               std::to_string(rest.size() + bytes.size() - at);
      }
      if (step.event == BodyEvent::kNeedMore) break;
    }
    if (at == bytes.size()) break;
  }
  return payload + "|" + trailers + "|more";
}

TEST(SplitInvariance, ChunkedBodies) {
  const std::vector<std::string> bodies = {
      "5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\nGET /",
      "1;a=b\r\nx\r\n0;e\r\nX: 1\r\nGrpc-Status: 0\r\n\r\n",
      "3\r\nabc\n0\r\n\r\n",
      "3\r\nabc\r\n0\r\nX : 1\r\n\r\n",
      "3\r\nabc\r\n0\r\nX: \x01\r\n\r\n",
  };
  for (const std::string& bytes : bodies) {
    const std::string whole = decode_in_pieces(bytes, bytes.size(), 1);
    for (size_t first = 0; first <= bytes.size(); ++first) {
      EXPECT_EQ(decode_in_pieces(bytes, first, bytes.size()), whole) << bytes << " cut " << first;
    }
    for (size_t piece = 1; piece < 7; ++piece) {
      EXPECT_EQ(decode_in_pieces(bytes, piece, piece), whole) << bytes << " pieces of " << piece;
    }
  }
}

TEST(SplitInvariance, RandomChunkedBodiesKeepTheirPayload) {
  constexpr uint64_t kSeed = 11;
  SCOPED_TRACE(kSeed);
  Rng rng(kSeed);
  for (int round = 0; round < 300; ++round) {
    std::string payload, wire;
    for (uint64_t chunks = rng.below(8); chunks > 0; --chunks) {
      std::string chunk(1 + rng.below(70), ' ');
      for (char& c : chunk) c = static_cast<char>(rng.below(256));
      payload += chunk;
      wire.append(ChunkHeader(chunk.size()).view()).append(chunk).append(kChunkEnd);
    }
    wire += kLastChunk;
    const size_t piece = 1 + rng.below(40);
    EXPECT_EQ(decode_in_pieces(wire, piece, piece), payload + "||left 0");
  }
}

}  // namespace
}  // namespace weir::http
