package httpapi_test

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
)

// An issuer is assembled from keys, outbox and settings. The publisher of the control stream
// uses the outbox and keys.Authority; the outbox wakes it after each commit.
func Example() {
	run := func(ctx context.Context, log *zap.Logger, roster []staff.Credential, wake func(partition int)) error {
		keys, err := keystore.Open("keys")
		if err != nil {
			return err
		}
		box, err := issuance.OpenOutbox(ctx, outbox.Config{Database: "issuer.db", Partitions: 4})
		if err != nil {
			return err
		}
		defer box.Close()
		box.SetWake(wake)
		metrics := prometheus.NewRegistry()
		issuer, err := issuance.Open(ctx, issuance.Config{
			Credentials: credential.Config{
				Outbox: box, Vault: keys.Vault, Checker: facecheck.Sandbox{}, Residents: provider.SandboxResidentRegistry{}, Log: log, Metrics: metrics,
			},
			Keys: []keyring.Key{{ID: keys.IssuerID, Signer: keys.Issuer}}, KeyLead: keyring.DefaultLead, Staff: roster,
		})
		if err != nil {
			return err
		}
		go issuer.Run(ctx)
		go httpapi.NewServer("127.0.0.1:9081", issuer.API.Admin(metrics), log).ListenAndServe()
		return httpapi.NewServer("127.0.0.1:8081", issuer.API.Public(), log).ListenAndServe()
	}
	_ = run
}
