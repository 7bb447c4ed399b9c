package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// leaderMoves is how long a frozen broker keeps its partitions, in every second case, before the
// others take over.
const leaderMoves = time.Second

func (f *fake) Faults() []fault {
	broker, topic, allOfIt := []string{theBroker}, []string{theBroker, theTopic}, []string{theBroker, theTopic, theIssuer}
	return []fault{
		{"broker frozen", broker, true, f.freezeOne},
		{"all brokers frozen", broker, false, f.freezeAll},
		{"connections reset", broker, false, f.cutAll},
		{"broker slow", broker, false, f.slowOne},
		{"leaders moved", broker, false, f.moveLeaders},
		{"broker removed and added", broker, true, f.removeOne},
		{"fetch fails, retriable", broker, false, f.fails(kmsg.Fetch, kerr.NotLeaderForPartition, kerr.OffsetNotAvailable, kerr.FencedLeaderEpoch, kerr.KafkaStorageError, kerr.UnknownTopicOrPartition)},
		{"fetch fails, fatal", broker, false, f.fails(kmsg.Fetch, kerr.UnknownServerError, kerr.TopicAuthorizationFailed, kerr.CorruptMessage)},
		{"fetch returns out of range", broker, false, f.fails(kmsg.Fetch, kerr.OffsetOutOfRange)},
		{"log re-read over slow connections", broker, false, f.rereadSlowly},
		{"produce fails, retriable", broker, false, f.fails(kmsg.Produce, kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.LeaderNotAvailable, kerr.KafkaStorageError)},
		{"produce fails, fatal", broker, false, f.fails(kmsg.Produce, kerr.UnknownServerError, kerr.TopicAuthorizationFailed, kerr.MessageTooLarge, kerr.InvalidRecord)},
		{"produce applied but answered with a timeout", broker, false, f.fails(kmsg.Produce, kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend)},
		{"offset requests fail", broker, false, f.fails(kmsg.ListOffsets, kerr.NotLeaderForPartition, kerr.UnknownServerError, kerr.TopicAuthorizationFailed)},
		{"metadata requests fail", broker, false, f.fails(kmsg.Metadata, kerr.LeaderNotAvailable, kerr.UnknownTopicOrPartition, kerr.UnknownServerError, kerr.TopicAuthorizationFailed)},
		{"version requests fail", broker, false, f.fails(kmsg.ApiVersions, kerr.UnsupportedVersion, kerr.UnknownServerError)},
		{"topic deleted and recreated", topic, false, f.recreateTopic},
		{"records deleted while the issuer is down", allOfIt, false, f.deleteRecords(true)},
		{"records deleted, then the issuer killed", allOfIt, false, f.deleteRecords(false)},
	}
}

func (f *fake) freezeOne(ctx context.Context, sys *system, r *rand.Rand) error {
	node := r.Int32N(fakeBrokers)
	thaw := f.listener(node).freeze()
	defer thaw()
	lasting := sys.duration(r)
	if r.IntN(2) == 0 && lasting > leaderMoves {
		sleep(ctx, leaderMoves)
		lasting -= leaderMoves
		for p := range int32(partitions) {
			if f.cluster.LeaderFor(f.topic, p) == node {
				if err := f.cluster.MoveTopicPartition(f.topic, p, (node+1)%fakeBrokers); err != nil {
					return err
				}
			}
		}
	}
	sleep(ctx, lasting)
	return nil
}

func (f *fake) freezeAll(ctx context.Context, sys *system, r *rand.Rand) error {
	for node := range int32(fakeBrokers) {
		defer f.listener(node).freeze()()
	}
	sleep(ctx, sys.duration(r))
	return nil
}

func (f *fake) cutAll(ctx context.Context, _ *system, r *rand.Rand) error {
	for range 1 + r.IntN(5) {
		for node := range int32(fakeBrokers) {
			f.listener(node).cut()
		}
		sleep(ctx, between(r, 0, shortestFault))
	}
	return nil
}

func (f *fake) slowOne(ctx context.Context, sys *system, r *rand.Rand) error {
	g := f.listener(r.Int32N(fakeBrokers))
	g.slow(between(r, 20*time.Millisecond, 800*time.Millisecond))
	defer g.slow(0)
	sleep(ctx, sys.duration(r))
	return nil
}

func (f *fake) moveLeaders(ctx context.Context, sys *system, r *rand.Rand) error {
	for end := time.Now().Add(sys.duration(r)); time.Now().Before(end) && ctx.Err() == nil; {
		f.cluster.ShufflePartitionLeaders()
		sleep(ctx, between(r, 20*time.Millisecond, 500*time.Millisecond))
	}
	return nil
}

// removeOne removes a broker from the cluster and adds it again on its address. The last broker
// stays, because it is the controller.
func (f *fake) removeOne(ctx context.Context, sys *system, r *rand.Rand) error {
	node := r.Int32N(fakeBrokers - 1)
	_, port, err := net.SplitHostPort(f.bootstrap[node])
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	g := f.listener(node)
	if err := f.cluster.RemoveNode(node); err != nil {
		return err
	}
	g.cut()
	sleep(ctx, sys.duration(r))
	for {
		// An outgoing connection may briefly use its port.
		if _, _, err = f.cluster.AddNode(node, number); err == nil || !sleep(ctx, restartPause) {
			return err
		}
	}
}

// fails has all brokers, or one, answer one kind of request with an error of the list.
func (f *fake) fails(key kmsg.Key, errs ...*kerr.Error) func(context.Context, *system, *rand.Rand) error {
	return func(ctx context.Context, sys *system, r *rand.Rand) error {
		rule := kfake.Fault{Keys: []kmsg.Key{key}, Err: errs[r.IntN(len(errs))], Count: -1}
		if r.IntN(3) == 0 {
			rule.Nodes = []int32{r.Int32N(fakeBrokers)}
		}
		handle := f.cluster.Fault(rule)
		defer handle.Remove()
		sleep(ctx, sys.duration(r))
		return nil
	}
}

// rereadSlowly has every partition read again from the start of its log over slow connections:
// partly read state would show for a long time.
func (f *fake) rereadSlowly(ctx context.Context, sys *system, r *rand.Rand) error {
	delay := between(r, 50*time.Millisecond, 300*time.Millisecond)
	for node := range int32(fakeBrokers) {
		g := f.listener(node)
		g.slow(delay)
		defer g.slow(0)
	}
	once := kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.OffsetOutOfRange, Count: gatewayCount * partitions}
	handle := f.cluster.Fault(once)
	defer handle.Remove()
	sleep(ctx, longestFault+sys.duration(r))
	return nil
}

// recreateTopic empties the topic like an operator's mistake. The issuer must notice and republish
// everything.
func (f *fake) recreateTopic(ctx context.Context, _ *system, r *rand.Rand) error {
	if err := f.cluster.DeleteTopic(f.topic); err != nil {
		return err
	}
	if r.IntN(2) == 0 {
		sleep(ctx, between(r, 0, longestFault))
	}
	err := f.cluster.CreateTopic(f.topic, partitions, map[string]string{"cleanup.policy": "delete"})
	if err == kerr.TopicAlreadyExists { // an issuer that starts now was faster
		return nil
	}
	return err
}

// deleteRecords empties the topic without recreating it. A running issuer looks at the beginning of
// the log once a minute, which is too long for a test, but also when it starts. Then it finds an
// empty log, or, if it was killed later, a log that starts with its own last heartbeats.
func (f *fake) deleteRecords(down bool) func(context.Context, *system, *rand.Rand) error {
	return func(ctx context.Context, sys *system, r *rand.Rand) error {
		if down {
			sys.issuer.kill()
			sleep(ctx, between(r, shortestFault, 2*shortestFault)) // its requests arrive first
		}
		var err error
		for p := range int32(partitions) {
			err = errors.Join(err, f.cluster.DeleteRecords(f.topic, p, -1))
		}
		if !down {
			sleep(ctx, sys.duration(r))
			sys.issuer.kill()
		}
		return errors.Join(err, sys.issuer.start())
	}
}
