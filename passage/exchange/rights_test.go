package exchange

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/test/harness/runtest"
)

// The rights that the documents give to a gateway on the topic of passages are enough, and without Write its own
// passages stay local.
func TestRightsOfAGateway(t *testing.T) {
	may := func(o kmsg.ACLOperation) kfake.ACL {
		return kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: DefaultTopic, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: o, Allow: true}
	}
	const mechanism, password = "SCRAM-SHA-256", "not secret"
	read := []kfake.ACL{may(kmsg.ACLOperationDescribe), may(kmsg.ACLOperationRead)}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(), kfake.SeedTopics(partitions, DefaultTopic),
		kfake.User(mechanism, "gateway", password, append(read, may(kmsg.ACLOperationWrite))...), kfake.User(mechanism, "reader", password, read...))
	runtest.Must(t, err)
	t.Cleanup(c.Close)
	h := newHarnessOn(t, c.ListenAddrs())
	h.topic = DefaultTopic
	file := filepath.Join(t.TempDir(), "password")
	runtest.Must(t, os.WriteFile(file, []byte(password), 0o600))
	begin := func(id revocation.GatewayID, user string) *gateway {
		h.announced.set(id, publicKey(id))
		return h.begin(id, func(c *Config) {
			c.Kafka.Security = kafka.Security{SASL: "scram-sha-256", User: user, PasswordFile: file}
		})
	}
	a, b, reader := begin(1, "gateway"), begin(2, "gateway"), begin(3, "reader")
	for _, g := range []*gateway{a, b, reader} {
		g.await("exact", g.isExact)
	}
	serial := h.newSerial()
	if o := a.scan(serial); o != passage.Admitted {
		t.Fatalf("a new code has the outcome %v", o)
	}
	for _, g := range []*gateway{b, reader} {
		g.await("the passage at another gateway", func() bool { return g.knows(serial) })
		g.refuses(serial)
	}
	own := h.newSerial()
	if o := reader.scan(own); o != passage.Admitted {
		t.Fatalf("a new code has the outcome %v", o)
	}
	reader.await("local", reader.isLocal)
	reader.await("failures", func() bool { return reader.Writer.Stats().Failures > 0 })
	if a.knows(own) || !a.isExact() {
		t.Errorf("the passage of a gateway without Write is known: %v, reach %v", a.knows(own), a.reach())
	}
}
