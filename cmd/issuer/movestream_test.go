package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/railgate/railgate/test/runtest"
	"github.com/railgate/railgate/tokens"
)

// An issuer with a mistyped topic does not start beside the right one, and makes no
// topic. The stream is moved by an order, once every issuer is stopped.
func TestTheStreamIsMovedOnPurposeOnly(t *testing.T) {
	d := newDesk(t)
	stop := d.serves()
	subject, now := tokens.Subject{1, 2, 3, 4, 5, 6, 7, 8}, time.Now()
	d.orders("-cut-off-subject", "0102030405060708", "-before", now.Format(time.RFC3339))

	mistyped := []string{"-kafka.topic", "railgate.contrl", "-listen", freePort(t), "-admin", freePort(t)}
	d.refused(`topic "railgate.control" with 1 partitions; the settings name "railgate.contrl" with 1`, mistyped...)
	d.refused(`the settings name "railgate.control" with 2`, "-kafka.partitions", "2", "-listen", freePort(t), "-admin", freePort(t))
	if d.broker.Cluster.TopicInfo("railgate.contrl") != nil {
		t.Error("an issuer made the mistyped topic")
	}

	d.refused("stop every issuer", "-kafka.topic", "railgate.control.2", "-by", "night-shift", "-move-stream")
	stop()
	d.flags = []string{"-kafka.topic", "railgate.control.2"}
	d.config.Kafka.Topic = "railgate.control.2"
	has(t, d.orders("-move-stream"), `the stream is topic railgate.control.2 with 1 partitions`, "published;", "Give every gateway the same")
	d.serves()
	if status, answer := d.readiness(); status != http.StatusOK {
		t.Fatalf("/readyz says %d %s", status, answer)
	}
	runtest.Eventually(t, patience, "what was ordered before at a gateway of the new topic", func() bool { return d.gateway().CutOff(subject) == now.Unix() })
	d.flags = []string{"-listen", freePort(t), "-admin", freePort(t)}
	d.refused(`topic "railgate.control.2" with 1 partitions; the settings name "railgate.control"`)
}
