package main

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const fakeBrokers = 3

// fake is an in-process cluster of brokers, each behind a gate. It keeps one
// copy of the topic, so it shows what clients go through, not what replication does.
type fake struct {
	cluster   *kfake.Cluster
	topic     string
	bootstrap []string

	mu       sync.Mutex
	gates    map[string]*gate // by address
	restarts int
}

func startFake(topic string) (*fake, error) {
	f := &fake{topic: topic, gates: map[string]*gate{}}
	var err error
	f.cluster, err = kfake.NewCluster(kfake.NumBrokers(fakeBrokers), kfake.ListenFn(f.listen))
	if err != nil {
		return nil, err
	}
	f.bootstrap = f.cluster.ListenAddrs()
	return f, nil
}

func (f *fake) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	g := newGate(l)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gates[l.Addr().String()] = g
	return g, nil
}

// gate finds the gate of a node; nodes keep their number and address for life.
func (f *fake) gate(node int32) *gate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gates[f.bootstrap[node]]
}

// Restart is what clients see of one: their connections are reset, and for a
// moment nobody answers.
func (f *fake) Restart(ctx context.Context) error {
	f.mu.Lock()
	g := f.gates[f.bootstrap[f.restarts%fakeBrokers]]
	f.restarts++
	f.mu.Unlock()
	defer g.freeze()()
	g.cut()
	sleep(ctx, time.Second)
	return nil
}

func (f *fake) Name() string        { return "three in-process brokers" }
func (f *fake) Bootstrap() []string { return f.bootstrap }
func (f *fake) Replication() int    { return 1 }
func (f *fake) Close()              { f.cluster.Close() }
