package kafka_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/kafka/guard"
)

// SCRAM lets the server choose the number of hash iterations: a program that impersonates a broker could keep
// a core busy for an hour.
func TestLoginRefusesTooManyIterations(t *testing.T) {
	for _, rounds := range []string{"2000000000", "99999999999999999999", "131073"} {
		t.Run(rounds, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "gateway", "x"))
			c.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				_, nonce, _ := bytes.Cut(r.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes, []byte(",r="))
				res := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
				res.SASLAuthBytes = fmt.Appendf(nil, "r=%sx,s=c2FsdA==,i=%s", nonce, rounds)
				return res, nil, true
			})
			config := c.config(0)
			config.Security = kafka.Security{SASL: "scram-sha-256", User: "gateway", PasswordFile: write(t, "password", "x")}
			if err := fetch(t.Context(), open(t, config)); !errors.Is(err, guard.ErrDamaged) {
				t.Errorf("got %v", err)
			}
		})
	}
}
