package main

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/revocation/kafka"
)

// orderLook is how often the outbox is asked whether an order has left it.
const orderLook = 100 * time.Millisecond

// orderPatience bounds the wait for an order to be published. Tests shorten it.
var orderPatience = time.Minute

// carryOut commits an order and waits until it is published. An issuer that runs
// on the same database publishes it; without one, this process does.
func (j *job) carryOut(ctx context.Context, commit func(ctx context.Context, db *store.Store) error) error {
	keys, err := j.keys()
	if err != nil {
		return err
	}
	db, err := j.store(ctx)
	if err != nil {
		return err
	}
	log, err := process.Logger(zapcore.WarnLevel)
	if err != nil {
		return err
	}
	defer log.Sync()
	if err := commit(ctx, db); err != nil {
		return fmt.Errorf("not committed: %w", err)
	}
	committed := time.Now()
	newest, err := db.Newest(ctx)
	if err != nil {
		return notPublished(err)
	}
	if err := j.publish(ctx, db, keys, log, newest); err != nil {
		return notPublished(err)
	}
	j.say("published; each gateway has applied it when its watermark has passed %s", committed.UTC().Format(time.RFC3339Nano))
	return nil
}

func notPublished(why error) error {
	return fmt.Errorf("committed, but not seen to be published: %w; it is durable, and an issuer that reaches the brokers publishes it", why)
}

// publish returns when nothing up to the outbox's row newest waits any more.
func (j *job) publish(ctx context.Context, db *store.Store, keys *keystore.Keys, log *zap.Logger, newest int64) error {
	c := j.config
	link, err := kafka.Open(kafka.Config{Brokers: c.Kafka.Brokers, Topic: c.Kafka.Topic, ClientID: "railgate-issuer-order", Security: c.Kafka.Security})
	if err != nil {
		return err
	}
	defer link.Close()
	bounded, cancel := context.WithTimeout(ctx, orderPatience)
	var gaveUp error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		gaveUp = newPublisher(c, db, link, keys, log).Run(bounded)
	}()
	defer func() { cancel(); <-ended }() // it gives the lease back

	look := time.NewTicker(orderLook)
	defer look.Stop()
	news := j.news()
	for {
		waiting, err := db.WaitingTo(bounded, newest)
		if err == nil && waiting == 0 {
			return nil
		}
		if err == nil {
			news.say("publishing: %d records wait", waiting)
		}
		select {
		case <-look.C:
		case <-ended:
			if gaveUp != nil {
				return gaveUp
			}
			return bounded.Err()
		}
	}
}
