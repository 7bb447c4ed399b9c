package httpapi_test

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
)

// How an issuer is put together. The publisher of the control stream takes the
// store as its Outbox and keys.Authority as its signer; its Wake goes into the
// service's Config.
func Example() {
	run := func(ctx context.Context, log *zap.Logger, roster *staff.List, wake func()) error {
		keys, err := keystore.Open("keys")
		if err != nil {
			return err
		}
		db, err := store.Open(ctx, store.Config{Database: "issuer.db", Partitions: 4})
		if err != nil {
			return err
		}
		defer db.Close()
		metrics := prometheus.NewRegistry()
		service, err := credential.Open(ctx, credential.Config{
			Store: db, Signer: keys.Issuer, KeyID: keys.IssuerID, Vault: keys.Vault,
			Checker: facecheck.Sandbox{}, Residents: provider.SandboxResidents{}, Policy: "2026-11", Wake: wake, Log: log, Metrics: metrics,
		})
		if err != nil {
			return err
		}
		a, err := httpapi.New(service, httpapi.Config{Staff: roster, Log: log, Metrics: metrics})
		if err != nil {
			return err
		}
		go httpapi.NewServer("127.0.0.1:9081", a.Admin(metrics), log).ListenAndServe()
		return httpapi.NewServer("127.0.0.1:8081", a.Public(), log).ListenAndServe()
	}
	_ = run
}
