// One measurement of failsafe-go: circuit breaker, bulkhead and adaptive limiter around nothing, by
// one or more threads at once.
//
// usage: engine-bench-failsafe CASE THREADS SECONDS
//
//	executor  failsafe.With(breaker, bulkhead, limiter).Run: what its users write
//	permits   the same three, asked and given back one by one: its fastest form
//
// Prints one JSON line as bench/engine/cpp/main.cc does.
package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

const (
	limit = 100
	batch = 1024
)

type policies struct {
	breaker  circuitbreaker.CircuitBreaker[any]
	bulkhead bulkhead.Bulkhead[any]
	limiter  adaptivelimiter.AdaptiveLimiter[any]
}

func newPolicies() policies {
	return policies{
		circuitbreaker.NewBuilder[any]().WithFailureRateThreshold(0.5, 20, 10*time.Second).Build(),
		bulkhead.New[any](limit),
		adaptivelimiter.NewBuilder[any]().WithLimits(limit, limit, limit).Build(),
	}
}

func (p policies) viaExecutor() func() {
	executor := failsafe.With[any](p.breaker, p.bulkhead, p.limiter)
	nothing := func() error { return nil }
	return func() {
		for i := 0; i < batch; i++ {
			_ = executor.Run(nothing)
		}
	}
}

func (p policies) viaPermits() func() {
	return func() {
		for i := 0; i < batch; i++ {
			if !p.breaker.TryAcquirePermit() || !p.bulkhead.TryAcquirePermit() {
				panic("refused")
			}
			if permit, ok := p.limiter.TryAcquirePermit(); ok {
				permit.Record()
			}
			p.bulkhead.ReleasePermit()
			p.breaker.RecordSuccess()
		}
	}
}

func main() {
	threads, _ := strconv.Atoi(os.Args[2])
	seconds, _ := strconv.ParseFloat(os.Args[3], 64)
	runtime.GOMAXPROCS(max(threads, 1))
	run := newPolicies().viaExecutor()
	if os.Args[1] == "permits" {
		run = newPolicies().viaPermits()
	}
	var stop atomic.Bool
	var group sync.WaitGroup
	times := make([][]float64, threads)
	for t := range times {
		group.Add(1)
		go func(own []float64) {
			defer group.Done()
			for !stop.Load() {
				begin := time.Now()
				run()
				own = append(own, float64(time.Since(begin))/batch)
			}
			times[t] = own
		}(make([]float64, 0, 1<<16))
	}
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	stop.Store(true)
	group.Wait()
	all := slices.Concat(times...)
	slices.Sort(all)
	fmt.Printf("{\"case\":\"%s\",\"threads\":%d,\"ops\":%d,\"ns_per_op\":%.2f}\n",
		os.Args[1], threads, len(all)*batch, all[len(all)/2])
}
