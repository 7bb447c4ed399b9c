package account

import (
	"context"
	"sync"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
)

// Concurrent requests for codes and logouts end without a deadlock.
func TestLoginHasOneRedeemableAccountCode(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		ctx := context.WithoutCancel(t.Context())
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := env.MakeAccountCode(ctx, h, "ticketing-1", ""); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := env.Count(`SELECT COUNT(*) FROM account_codes WHERE redeemed_ms IS NULL`); n != 1 {
			t.Errorf("%d codes can be redeemed", n)
		}
		for range 10 {
			_, h := env.logIn()
			wg.Go(func() {
				if _, err := env.MakeAccountCode(ctx, h, "ticketing-1", ""); err != nil && !problem.Is(err, LoginRequired) {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if err := env.LogOutEverywhere(ctx, h); err != nil && !problem.Is(err, LoginRequired) {
					t.Error(err)
				}
			})
			wg.Wait()
		}
	})
}
