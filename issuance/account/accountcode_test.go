package account

import (
	"context"
	"sync"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
)

// A login has one code that can be redeemed, however many it requests at once; and
// requests beside logouts end in order, without a deadlock.
func TestALoginHasOneAccountCode(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		ctx := context.WithoutCancel(t.Context())
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := w.MakeAccountCode(ctx, h, "ticketing-1", ""); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := w.Count(`SELECT COUNT(*) FROM account_codes WHERE redeemed_ms IS NULL`); n != 1 {
			t.Errorf("%d codes can be redeemed", n)
		}
		for range 10 {
			_, h := w.logIn()
			wg.Go(func() {
				if _, err := w.MakeAccountCode(ctx, h, "ticketing-1", ""); err != nil && !problem.Is(err, LoginRequired) {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if err := w.LogOutEverywhere(ctx, h); err != nil && !problem.Is(err, LoginRequired) {
					t.Error(err)
				}
			})
			wg.Wait()
		}
	})
}
