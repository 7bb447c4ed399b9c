package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/railgate/railgate/internal/kafkalink"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/store"
)

const (
	// orderLook is how often the outbox is asked whether an order has left it.
	orderLook = 100 * time.Millisecond
	// orderNews is how often a waiting operator hears how many records wait.
	orderNews = 5 * time.Second
)

// orderPatience bounds the wait for an order to be published. Tests shorten it.
var orderPatience = time.Minute

// carryOut commits an order and waits until it is published. An issuer that runs
// on the same database publishes it; without one, this process does.
func carryOut(ctx context.Context, c *config, keys *keystore.Keys, o *order, out io.Writer) error {
	log, err := process.Logger(zapcore.WarnLevel)
	if err != nil {
		return err
	}
	defer log.Sync()
	db, err := store.Open(ctx, store.Config{Database: c.Database, Partitions: c.Kafka.Partitions})
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer db.Close()
	if err := o.commit(ctx, db, out); err != nil {
		return fmt.Errorf("not committed: %w", err)
	}
	committed := time.Now()
	newest, err := db.Newest(ctx)
	if err != nil {
		return notPublished(err)
	}
	if err := publishOrder(ctx, c, db, keys, log, newest, out); err != nil {
		return notPublished(err)
	}
	fmt.Fprintf(out, "published; each gateway has applied it when its watermark has passed %s\n", committed.UTC().Format(time.RFC3339Nano))
	return nil
}

func notPublished(why error) error {
	return fmt.Errorf("committed, but not seen to be published: %w; it is durable, and an issuer that reaches the brokers publishes it", why)
}

// commit writes the order to the database and says what it changed.
func (o *order) commit(ctx context.Context, db *store.Store, out io.Writer) error {
	now := time.Now().UnixMilli()
	if o.restate != "" {
		epoch, err := db.OrderRestatement(ctx, o.restate, now)
		if err == nil {
			fmt.Fprintf(out, "committed: everything in force is said again in epoch %d\n", epoch)
		}
		return err
	}
	if s := o.subject; s != nil {
		s.AtMs = now
		changed, err := db.CutOffSubject(ctx, *s)
		if err == nil {
			fmt.Fprintf(out, "committed: sessions of subject %s that start before %s are not good%s\n", s.Subject, clock(s.Before), already(!changed))
		}
		return err
	}
	k := o.key
	k.AtMs = now
	moved, rescued, err := db.CutOffKey(ctx, *k)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("this issuer never announced a key %d, so no gateway knows it", k.Key)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "committed: sessions that start at %s or later are not good under key %d%s; %d more credentials are rescued\n",
		clock(k.CutOff), k.Key, already(!moved), rescued)
	return nil
}

func already(is bool) string {
	if is {
		return ", as an order before this one says already"
	}
	return ""
}

func clock(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// publishOrder returns when nothing up to the outbox's row newest waits any more.
func publishOrder(ctx context.Context, c *config, db *store.Store, keys *keystore.Keys, log *zap.Logger, newest int64, out io.Writer) error {
	link, err := kafkalink.Open(kafkalink.Config{Brokers: c.Kafka.Brokers, Topic: c.Kafka.Topic, ClientID: "railgate-issuer-order", Security: c.Kafka.Security})
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
	said := time.Now()
	for {
		waiting, err := db.WaitingTo(bounded, newest)
		if err == nil && waiting == 0 {
			return nil
		}
		if err == nil && time.Since(said) >= orderNews {
			said = time.Now()
			fmt.Fprintf(out, "publishing: %d records wait\n", waiting)
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
