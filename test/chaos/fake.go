package main

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const fakeBrokers = 3

// fake is an in-process cluster of brokers, each with a [faultyListener]. It stores one copy of the
// topic: it shows the effect on clients, not on replication.
type fake struct {
	cluster   *kfake.Cluster
	topic     string
	bootstrap []string

	mu        sync.Mutex
	listeners map[string]*faultyListener // by address
	restarts  int
}

func startFake(topic string) (*fake, error) {
	f := &fake{topic: topic, listeners: map[string]*faultyListener{}}
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
	g := newFaultyListener(l)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listeners[l.Addr().String()] = g
	return g, nil
}

// listener returns the listener of a node; nodes keep their number and address.
func (f *fake) listener(node int32) *faultyListener {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.listeners[f.bootstrap[node]]
}

// Isolate stops the traffic between every broker and one client until the returned function is called.
func (f *fake) Isolate(client string) (heal func()) {
	var heals []func()
	for node := range int32(fakeBrokers) {
		heals = append(heals, f.listener(node).isolate(client))
	}
	return func() {
		for _, heal := range heals {
			heal()
		}
	}
}

// Restart looks to clients like a restart: connections are reset, and for a moment the broker does
// not answer.
func (f *fake) Restart(ctx context.Context) error {
	f.mu.Lock()
	g := f.listeners[f.bootstrap[f.restarts%fakeBrokers]]
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
