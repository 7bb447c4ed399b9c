package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
)

// The topic is lost under a running issuer, as after a broker restart without its data. The issuer
// reports it and recreates the topic. Revocations made meanwhile reach the gateway, and a gateway
// that starts later knows the earlier ones.
func TestLostTopicIsRecreated(t *testing.T) {
	s := newSystem(t)
	s.startIssuer()
	gateway := s.startGateway()
	s.ready(s.issuer, s.gateway)
	before, meanwhile := s.passenger(), s.passenger()
	s.mustAnswer(meanwhile, "ok")
	s.revoke(before)
	refused := func(p *passenger.Session) func() bool { return func() bool { return s.check(p) == "revoked" } }
	runtest.Eventually(t, patience, "the refusal of the credential revoked before", refused(before))

	client := &kafka.Client{Addr: kafka.TCP(s.Brokers...), Timeout: patience}
	r, err := client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{s.Topic}})
	if err != nil || r.Errors[s.Topic] != nil {
		t.Fatal(err, r)
	}
	runtest.Eventually(t, patience, "the issuer to say that publishing fails", func() bool {
		_, body := get(s.issuer.Admin + "/readyz")
		return strings.Contains(body, "publishing to the control topic has failed since")
	})
	if status, _ := get(s.issuer.URL + "/readyz"); status != http.StatusOK {
		t.Errorf("the issuer's /readyz is %d", status)
	}
	s.revoke(meanwhile)
	runtest.Eventually(t, 2*patience, "the refusal of the credential revoked while the topic was lost", refused(meanwhile))
	runtest.Eventually(t, patience, "the issuer to say that all is well", func() bool {
		_, body := get(s.issuer.Admin + "/readyz")
		return strings.Contains(body, `{"ready":true,"waiting":[]}`)
	})

	s.stop(gateway)
	s.startGateway("-snapshots.dir", "")
	s.ready(s.gateway)
	s.mustAnswer(before, "revoked")
	s.mustAnswer(meanwhile, "revoked")
}
