// What the HTTP/1 codec costs: heads parsed, heads forwarded, bodies decoded.
//   build/release/bin/bench_http
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "http/h1_body.h"
#include "http/h1_forward.h"
#include "http/h1_parser.h"

namespace weir::http {
namespace {

// What wrk sends.
constexpr std::string_view kSmall = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

// What a service mesh carries.
constexpr std::string_view kService =
    "POST /v1/orders/8731/items HTTP/1.1\r\nHost: orders.shop.svc:8080\r\n"
    "User-Agent: checkout/1.14\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
    "Content-Length: 412\r\nX-Request-Id: 7f2a2bd1-93c5-4bb6-a5a7-8a4a3f6dd9c1\r\n"
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
    "baggage: criticality=SHEDDABLE\r\nX-Forwarded-For: 10.0.0.5\r\n\r\n";

// What a browser sends.
constexpr std::string_view kBrowser =
    "GET /catalogue/shoes?colour=blue&page=3 HTTP/1.1\r\nHost: www.shop.example\r\n"
    "Connection: keep-alive\r\nsec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
    "sec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    "\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\nReferer: https://www.shop.example/catalogue\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0a6c2a3cbf1e4a3f8b0f5b8ac1b7e1f2; cart=c2FtcGxlLWNhcnQtY29udGVudA; "
    "_tracking=GA1.2.1029384756.1715000000; theme=dark; consent=all\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\n"
    "Content-Type: application/octet-stream\r\nContent-Length: 1024\r\n"
    "Last-Modified: Tue, 24 Nov 2026 09:00:00 GMT\r\nConnection: keep-alive\r\n"
    "ETag: \"67431f5e-400\"\r\nAccept-Ranges: bytes\r\n\r\n";

void parse_one_request(benchmark::State& state, std::string_view bytes) {
  RequestHead head;
  for (auto _ : state) {
    head.reset();
    benchmark::DoNotOptimize(parse_request(bytes, HeadLimits{}, head));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse_one_request, small, kSmall);
BENCHMARK_CAPTURE(parse_one_request, service, kService);
BENCHMARK_CAPTURE(parse_one_request, browser, kBrowser);

void parse_one_response(benchmark::State& state) {
  ResponseHead head;
  for (auto _ : state) {
    head.reset();
    benchmark::DoNotOptimize(parse_response(kResponse, HeadLimits{}, ResponseTo{}, head));
  }
}
BENCHMARK(parse_one_response);

void forward_one_request(benchmark::State& state, std::string_view bytes) {
  RequestHead head;
  parse_request(bytes, HeadLimits{}, head);
  const RequestForwarding how = {.client_address = "127.0.0.1", .request_id = "0123456789abcdef"};
  std::array<char, 4096> buffer;
  for (auto _ : state) {
    HeadWriter out(buffer.data(), buffer.size());
    benchmark::DoNotOptimize(write_forwarded_request(head, how, out));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(forward_one_request, small, kSmall);
BENCHMARK_CAPTURE(forward_one_request, service, kService);
BENCHMARK_CAPTURE(forward_one_request, browser, kBrowser);

void forward_one_response(benchmark::State& state) {
  ResponseHead head;
  parse_response(kResponse, HeadLimits{}, ResponseTo{}, head);
  std::array<char, 4096> buffer;
  for (auto _ : state) {
    HeadWriter out(buffer.data(), buffer.size());
    benchmark::DoNotOptimize(write_forwarded_response(head, ResponseForwarding{}, out));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(forward_one_response);

void decode_chunked(benchmark::State& state) {
  const std::string chunk(static_cast<size_t>(state.range(0)), 'x');
  std::string body;
  while (body.size() < 64 * 1024) {
    body.append(ChunkHeader(chunk.size()).view()).append(chunk).append(kChunkEnd);
  }
  body += kLastChunk;
  for (auto _ : state) {
    BodyDecoder decoder({BodyKind::kChunked, 0});
    std::string_view rest = body;
    while (!decoder.done()) rest.remove_prefix(decoder.decode(rest).consumed);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
BENCHMARK(decode_chunked)->Arg(16)->Arg(256)->Arg(4096)->Arg(65536);

}  // namespace
}  // namespace weir::http
