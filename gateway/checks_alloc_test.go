//go:build !race

package gateway_test

import (
	"io"
	"testing"

	"github.com/railgate/railgate/gateway/batch"
)

// A batch allocates nothing once its memory is warm, whether it is judged or refused.
// The server's buffer for a large body is not counted here: it is released after each
// batch, see keptBytes.
func TestBatchAllocatesNothing(t *testing.T) {
	s := newHarness(t, setup{})
	var good, mixed []scanned
	for i := range uint32(batch.Max) {
		good = append(good, s.scanAt(i, now))
		mixed = append(mixed, s.scanAt(i, now-int64(i)*1000), scanned{"https://example.com", now}, scanned{s.goodCode(i), 0})
	}
	for name, body := range map[string]string{
		"the largest": bodyOf(good...), "a small one": bodyOf(good[:3]...), "all kinds": bodyOf(mixed[:batch.Max]...),
		"too many": bodyOf(mixed...), "cut off": bodyOf(good...)[:20_000],
	} {
		ctx := readRequest(t, post("/v1/checks?scope=entry", "", ""))
		sent := make([]byte, len(body))
		run := func() {
			copy(sent, body)
			ctx.Request.SetBodyRaw(sent)
			ctx.Response.Reset()
			s.Handle(ctx)
			if err := ctx.Response.BodyWriteTo(io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 { // fills the cache and the pools
			run()
			s.Settle()
		}
		if n := testing.AllocsPerRun(200, run); n != 0 {
			t.Errorf("%s: %v allocations in a batch", name, n)
		}
	}
}
