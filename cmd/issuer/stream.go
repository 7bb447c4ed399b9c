package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/tokens"
)

var streamCommands = []command{
	{name: "distrust-key", doc: "take the leaked key `ID` out of service and exit", with: []string{"at", "exempt", "exempt-known"}, by: true, run: cutOffKey},
	{name: "revoke-subject", doc: "end the sessions of the subject `HEX`, 16 digits, and exit", with: []string{"before"}, by: true, run: cutOffSubject},
	{name: "republish", doc: "say everything in force again in a new epoch and exit: after database and log came back from a backup together", by: true, run: restate},
	{name: "move-stream", doc: "publish to the topic and partitions of the settings from now on and exit: after kafka.topic or kafka.partitions was changed on purpose, with every issuer stopped", by: true, moves: true, run: moveStream},
}

func cutOffKey(ctx context.Context, inv *invocation) error {
	id, err := inv.keyID()
	if err != nil {
		return err
	}
	at, err := inv.moment("at", time.Now())
	if err != nil {
		return err
	}
	_, known := inv.option["exempt-known"]
	d := keyring.Distrust{Key: id, Cutoff: at.Unix(), ExemptRunning: known, Who: inv.option["by"]}
	if file := inv.option["exempt"]; file != "" {
		if d.Exempt, err = readSerials(file); err != nil {
			return fmt.Errorf("-exempt: %w", err)
		}
	}
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	err = inv.commitAndPublish(ctx, func(ctx context.Context) error {
		d.At = database.MillisAt(time.Now())
		moved, exempted, err := store.Distrust(ctx, d)
		if errors.Is(err, keyring.ErrUnknown) {
			return fmt.Errorf("this issuer never announced a key %d, so no gateway knows it", id)
		}
		if err == nil {
			inv.printf("committed: sessions that start at %s or later are not good under key %d%s; %d more credentials are exempted",
				stamp(time.Unix(d.Cutoff, 0)), id, already(!moved), exempted)
		}
		return err
	})
	if err != nil {
		return err
	}
	return inv.hintOfAnotherKey(ctx)
}

// hintOfAnotherKey says what to do when nothing can be signed any more.
func (inv *invocation) hintOfAnotherKey(ctx context.Context) error {
	lines, err := inv.keyLines(ctx)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if l.State == keyring.Active {
			return nil
		}
	}
	inv.printf("no issuer key is active now: -new-key makes one. Start the issuers again with it; when -list-keys shows it in the\nstream, -activate-key has it sign without waiting for its lead")
	return nil
}

func cutOffSubject(ctx context.Context, inv *invocation) error {
	subject, err := hex.DecodeString(inv.value)
	if err != nil || len(subject) != len(tokens.Subject{}) {
		return fmt.Errorf("-revoke-subject must be %d hex digits", 2*len(tokens.Subject{}))
	}
	before, err := inv.moment("before", time.Now())
	if err != nil {
		return err
	}
	c := credential.SubjectCutoff{Subject: tokens.Subject(subject), Before: before.Unix(), Who: inv.option["by"]}
	return inv.commitAndPublish(ctx, func(ctx context.Context) error {
		c.At = database.MillisAt(time.Now())
		changed, err := credential.NewStore(inv.db, inv.log).RevokeSubject(ctx, c)
		if err == nil {
			inv.printf("committed: sessions of subject %s that start before %s are not good%s", c.Subject, stamp(time.Unix(c.Before, 0)), already(!changed))
		}
		return err
	})
}

func restate(ctx context.Context, inv *invocation) error {
	return inv.commitAndPublish(ctx, func(ctx context.Context) error {
		epoch, err := inv.db.RepublishByCommand(ctx, inv.order())
		if err == nil {
			inv.printf("committed: everything in force is said again in epoch %d", epoch)
		}
		return err
	})
}

func moveStream(ctx context.Context, inv *invocation) error {
	err := inv.commitAndPublish(ctx, func(ctx context.Context) error {
		var epoch uint64
		err := inv.onceNoneRuns(ctx, outbox.ErrPublishing, func() (err error) {
			epoch, err = inv.db.MoveStream(ctx, inv.order())
			return err
		})
		if err == nil {
			inv.printf("committed: the stream is topic %s with %d partitions; everything in force is said again in epoch %d",
				inv.config.Kafka.Topic, inv.config.Kafka.Partitions, epoch)
		}
		return err
	})
	if err == nil {
		inv.printf("Issuers can start. Give every gateway the same kafka.topic and kafka.partitions and start it again, within revocation.expired_after.")
	}
	return err
}

// order is who gives the command, for what the outbox enters into the audit log itself.
func (inv *invocation) order() outbox.Command {
	return outbox.Command{AuditLog: inv.log, Who: inv.option["by"], At: database.MillisAt(time.Now())}
}

func already(is bool) string {
	if is {
		return ", as an order before this one says already"
	}
	return ""
}

// readSerials reads a file of serials, one a line, at most keyring.MaxExempt.
func readSerials(path string) (all []tokens.Serial, err error) {
	err = readLines(path, keyring.MaxExempt, func(line string) error {
		serial, err := tokens.ParseSerial(line)
		if err != nil {
			return errors.New("a serial is written DAY-INDEX, such as 20494-17, and nothing else")
		}
		all = append(all, serial)
		return nil
	})
	return all, err
}

// publishPoll is how often the outbox is asked whether an order has left it.
const publishPoll = 100 * time.Millisecond

// publishTimeout bounds the wait for an order to be published. Tests shorten it.
var publishTimeout = time.Minute

// commitAndPublish commits an order and waits until it is published. An issuer that runs
// on the same database publishes it; without one, this process does.
func (inv *invocation) commitAndPublish(ctx context.Context, commit func(ctx context.Context) error) error {
	if err := inv.open(ctx); err != nil {
		return err
	}
	log, err := process.Logger("warn")
	if err != nil {
		return err
	}
	defer log.Sync()
	if err := commit(ctx); err != nil {
		return fmt.Errorf("not committed: %w", err)
	}
	committed := time.Now()
	newest, err := inv.db.Newest(ctx)
	if err != nil {
		return notPublished(err)
	}
	if err := inv.publish(ctx, log, newest); err != nil {
		return notPublished(err)
	}
	inv.printf("published; each gateway has applied it when its watermark has passed %s", committed.UTC().Format(time.RFC3339Nano))
	return nil
}

func notPublished(why error) error {
	return fmt.Errorf("committed, but not seen to be published: %w; it is durable, and an issuer that reaches the brokers publishes it", why)
}

// publish returns when nothing up to the outbox's row newest waits any more.
func (inv *invocation) publish(ctx context.Context, log *zap.Logger, newest int64) error {
	c := inv.config
	link, err := kafka.Open(kafka.Config{Brokers: c.Kafka.Brokers, Topic: c.Kafka.Topic, ClientID: "railgate-issuer-order", Security: c.Kafka.Security})
	if err != nil {
		return err
	}
	defer link.Close()
	bounded, cancel := context.WithTimeout(ctx, publishTimeout)
	var gaveUp error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		gaveUp = newPublisher(c, inv.db, link, inv.keys, log).Run(bounded)
	}()
	defer func() { cancel(); <-ended }() // it gives the lease back

	look := time.NewTicker(publishPoll)
	defer look.Stop()
	progress := inv.progress()
	for {
		waiting, err := inv.db.WaitingTo(bounded, newest)
		if err == nil && waiting == 0 {
			return nil
		}
		if err == nil {
			progress.show("publishing: %d records wait", waiting)
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
