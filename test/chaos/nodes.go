package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/test/harness/process"
)

const (
	// scriptPatience is above the minute that kafka.sh allows for the start of a node.
	scriptPatience = 90 * time.Second
	// A broker's session ends after 9 s: shorter freezes affect only the clients, longer ones move
	// the leaders.
	shortestFreeze = 4 * time.Second
	longestFreeze  = 10 * time.Second
	// afterThaw is part of the fault: after a freeze a node still believes for a while that it
	// leads its partitions.
	afterThaw = 5 * time.Second
)

// nodes is a real cluster on this machine, run by deploy/kafka/kafka.sh. It continues to run after
// the test and keeps the topic.
type nodes struct {
	bootstrap   []string
	topic       string
	script, dir string
	restarts    int
}

func openNodes(ctx context.Context, bootstrap, dir, topic string, least int) (*nodes, error) {
	root, err := process.Root(ctx)
	if err != nil {
		return nil, fmt.Errorf("-kafka needs deploy/kafka/kafka.sh, so run this inside the repository: %w", err)
	}
	n := &nodes{bootstrap: strings.Split(bootstrap, ","), topic: topic, script: filepath.Join(root, "deploy", "kafka", "kafka.sh")}
	if n.dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	pids, err := n.pids(ctx)
	if err != nil {
		return nil, err
	}
	if len(pids) < least {
		return nil, fmt.Errorf("-kafka-dir: %d nodes run there and %d are needed, so one may fail; start them with kafka.sh start --nodes 3", len(pids), least)
	}
	return n, nil
}

func (n *nodes) Name() string        { return fmt.Sprintf("%d Kafka nodes", len(n.bootstrap)) }
func (n *nodes) Bootstrap() []string { return n.bootstrap }
func (n *nodes) Replication() int    { return len(n.bootstrap) }
func (n *nodes) Close()              {}

func (n *nodes) Faults() []fault {
	broker := []string{theBroker}
	return []fault{
		{"node frozen", broker, true, n.freeze},
		{"node killed", broker, true, n.kill},
		{"leaders moved back", broker, true, n.elect},
	}
}

// running matches a line of kafka.sh status. The script has checked that the process is that node:
// a number in a file would not prove it.
var running = regexp.MustCompile(`(?m)^node \d+ runs on \S+, pid (\d+)$`)

func (n *nodes) pids(ctx context.Context) (pids []int, err error) {
	ctx, cancel := context.WithTimeout(ctx, scriptPatience)
	defer cancel()
	// Its exit code means that not all nodes run; here only the running ones matter.
	out, _ := exec.CommandContext(ctx, n.script, "status", "--dir", n.dir).CombinedOutput()
	for _, line := range running.FindAllSubmatch(out, -1) {
		pid, err := strconv.Atoi(string(line[1]))
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	if len(pids) == 0 {
		return nil, fmt.Errorf("no Kafka node runs in -kafka-dir: %s", out)
	}
	return pids, nil
}

func (n *nodes) any(ctx context.Context, r *rand.Rand) (int, error) {
	pids, err := n.pids(ctx)
	if err != nil {
		return 0, err
	}
	return pids[r.IntN(len(pids))], nil
}

// Restart stops one node in order and starts it again.
func (n *nodes) Restart(ctx context.Context) error {
	pids, err := n.pids(ctx)
	if err != nil {
		return err
	}
	pid := pids[n.restarts%len(pids)]
	n.restarts++
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	await(ctx, scriptPatience, pollEvery, func() bool { return syscall.Kill(pid, 0) != nil })
	return n.startAll(ctx)
}

// startAll starts the nodes that are down, even if the run is ending: the cluster must not stay
// broken.
func (n *nodes) startAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), scriptPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, n.script, "start", "--dir", n.dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("kafka.sh start: %w\n%s", err, out)
	}
	return nil
}

func (n *nodes) freeze(ctx context.Context, _ *system, r *rand.Rand) error {
	pid, err := n.any(ctx, r)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	sleep(ctx, between(r, shortestFreeze, longestFreeze))
	err = syscall.Kill(pid, syscall.SIGCONT)
	sleep(ctx, afterThaw)
	return err
}

func (n *nodes) kill(ctx context.Context, sys *system, r *rand.Rand) error {
	pid, err := n.any(ctx, r)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	sleep(ctx, sys.duration(r))
	return n.startAll(ctx)
}

// elect returns partitions to their preferred leaders: a change of leader without any node down.
func (n *nodes) elect(ctx context.Context, _ *system, _ *rand.Rand) error {
	client := newStranger(n.bootstrap, n.topic)
	defer client.close()
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	r, err := client.ElectLeaders(ctx, &kafka.ElectLeadersRequest{Topic: n.topic, Partitions: []int{0, 1, 2}, Timeout: callPatience})
	if err != nil {
		return err
	}
	for _, p := range r.PartitionResults {
		if p.Error != nil && !errors.Is(p.Error, kafka.ElectionNotNeeded) {
			return p.Error
		}
	}
	return nil
}
