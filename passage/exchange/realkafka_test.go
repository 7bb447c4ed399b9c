package exchange

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

const (
	copies = 3 // of every partition, one per node
	// scriptTimeout is above the minute that kafka.sh allows for the start of a node.
	scriptTimeout = 90 * time.Second
	// recovery is how long gateways may take after a fault until they are exact again. The controller notices a
	// frozen node after 3 s.
	recovery = 30 * time.Second
	// scanEvery is the time between two codes; one of doubleEvery is shown at two gateways at once.
	scanEvery   = 2 * time.Millisecond
	doubleEvery = 10
)

// realNodes is a cluster that deploy/kafka/kafka.sh runs.
type realNodes struct {
	*harness
	dir string
}

func openRealNodes(t *testing.T) *realNodes {
	t.Helper()
	addresses, dir := strings.Split(os.Getenv("RAILGATE_TEST_KAFKA"), ","), os.Getenv("RAILGATE_TEST_KAFKA_DIR")
	if len(addresses) < copies || dir == "" {
		t.Skip("RAILGATE_TEST_KAFKA must name three Kafka nodes, RAILGATE_TEST_KAFKA_DIR the folder in which kafka.sh runs them")
	}
	n := &realNodes{newHarnessOn(t, addresses), dir}
	n.create(copies)
	return n
}

func (n *realNodes) script(command string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(n.t.Context()), scriptTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "../../deploy/kafka/kafka.sh", command, "--dir", n.dir).CombinedOutput()
	if err != nil && command != "status" {
		n.t.Errorf("kafka.sh %s: %v\n%s", command, err, out)
	}
	return string(out)
}

// anyNode returns the process of a node. The script has checked that it is one.
func (n *realNodes) anyNode() int {
	n.t.Helper()
	found := regexp.MustCompile(`(?m)^node \d+ runs on \S+, pid (\d+)$`).FindAllStringSubmatch(n.script("status"), -1)
	if len(found) < copies {
		n.t.Fatalf("%d nodes run in %s, want %d", len(found), n.dir, copies)
	}
	pid, err := strconv.Atoi(found[rand.IntN(len(found))][1])
	runtest.Must(n.t, err)
	return pid
}

func (n *realNodes) freeze() {
	pid := n.anyNode()
	runtest.Must(n.t, syscall.Kill(pid, syscall.SIGSTOP))
	time.Sleep(6 * time.Second) // longer than the controller's patience: leaders move
	runtest.Must(n.t, syscall.Kill(pid, syscall.SIGCONT))
}

func (n *realNodes) kill() {
	runtest.Must(n.t, syscall.Kill(n.anyNode(), syscall.SIGKILL))
	time.Sleep(2 * time.Second)
	n.script("start")
}

// moveLeaders gives every partition another preferred leader and elects it.
func (n *realNodes) moveLeaders() {
	n.t.Helper()
	m, err := n.client.Metadata(n.t.Context(), &kafkago.MetadataRequest{Topics: []string{n.topic}})
	runtest.Must(n.t, err)
	var plan []kafkago.AlterPartitionReassignmentsRequestAssignment
	for _, p := range m.Topics[0].Partitions {
		var order []int
		for _, b := range p.Replicas {
			order = append(order, b.ID)
		}
		plan = append(plan, kafkago.AlterPartitionReassignmentsRequestAssignment{PartitionID: p.ID, BrokerIDs: append(order[1:], order[0])})
	}
	r, err := n.client.AlterPartitionReassignments(n.t.Context(), &kafkago.AlterPartitionReassignmentsRequest{Topic: n.topic, Assignments: plan, Timeout: recovery})
	if err != nil || r.Error != nil {
		n.t.Fatal(err, r)
	}
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		n.client.ElectLeaders(n.t.Context(), &kafkago.ElectLeadersRequest{Topic: n.topic, Partitions: []int{0, 1, 2}, Timeout: recovery})
	}
}

// Nodes are killed and frozen, and leaders moved, while codes are shown at three gateways. Every acknowledged
// passage reaches all of them, and they come to one list of conflicts, which has every double entry.
func TestRealKafkaLosesNoPassage(t *testing.T) {
	n := openRealNodes(t)
	var gateways []*gateway
	for id := revocation.GatewayID(1); id <= 3; id++ {
		n.announced.set(id, publicKey(id))
		g := n.begin(id, func(c *Config) { c.Queue = DefaultQueue })
		g.await("exact", g.isExact)
		gateways = append(gateways, g)
	}
	recorded, doubled := map[tokens.Serial]*gateway{}, 0
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(scanEvery):
			}
			serial, g := n.newSerial(), gateways[i%len(gateways)]
			if g.scan(serial) != passage.Admitted {
				t.Errorf("gateway %d refuses a new code", g.id)
			}
			recorded[serial] = g
			if i%doubleEvery == 0 && gateways[(i+1)%len(gateways)].scan(serial) == passage.Admitted {
				doubled++
			}
		}
	}()
	for _, fault := range []struct {
		name string
		make func()
	}{{"leaders moved", n.moveLeaders}, {"node frozen", n.freeze}, {"node killed", n.kill}, {"node frozen", n.freeze}, {"leaders moved", n.moveLeaders}} {
		fault.make()
		began := time.Now()
		for _, g := range gateways {
			runtest.Eventually(t, recovery, fmt.Sprintf("exact after: %s; gateway %d is %s; %s; %+v", fault.name, g.id, g.reach(), g.Follower.Why(), g.Writer.Stats()), g.isExact)
		}
		t.Logf("%s: all exact %.1fs after its end", fault.name, time.Since(began).Seconds())
	}
	close(stop)
	<-done

	if doubled == 0 {
		t.Error("no code passed twice, so the test proves little")
	}
	passages := uint64(len(recorded) + doubled)
	for _, g := range gateways {
		runtest.Eventually(t, recovery, "all passages", func() bool { return g.Reader.Stats().Passages == passages })
		for serial, by := range recorded {
			if by != g && !g.knows(serial) {
				t.Errorf("gateway %d does not know a passage at gateway %d", g.id, by.id)
			}
		}
	}
	late := n.start(4)
	gateways = append(gateways, late)
	var acknowledged uint64
	for _, g := range gateways {
		w, r := g.Writer.Stats(), g.Reader.Stats()
		acknowledged += w.Passages
		if w.Lost+w.Full != 0 || r.Outcomes[Applied] == 0 || r.refused() != 0 {
			t.Errorf("gateway %d: %+v, %+v", g.id, w, r)
		}
		if got := g.list(); len(got) != doubled || strings.Join(got, "\n") != strings.Join(gateways[0].list(), "\n") {
			t.Errorf("gateway %d: %d conflicts, want %d, the same everywhere", g.id, len(got), doubled)
		}
		t.Logf("gateway %d: %d passages in %d batches, %d attempts repeated, read %v", g.id, w.Passages, w.Batches, w.Failures, r.Outcomes)
	}
	if acknowledged != passages {
		t.Errorf("%d passages are acknowledged, want %d", acknowledged, passages)
	}
}
