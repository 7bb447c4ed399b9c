package booking

// OfTrain returns the bookings of a train that count, in no particular order, and the days under whose pseudonyms
// bookings may be missing. Cancelled bookings are left out. It reads the whole table; [Table.Apply] does not wait for it, and
// bookings that are applied concurrently may be included or not.
func (t *Table) OfTrain(train string) (list []Booking, lost []uint16) {
	t.mu.Lock()
	number, known := t.names.labelNumbers[train]
	t.mu.Unlock()
	l := t.days.Load()
	for i, d := range l.days {
		if d == nil {
			continue
		}
		day := uint16(l.first + int64(i))
		if d.lost.Load() != whole {
			lost = append(lost, day)
		}
		if !known {
			continue
		}
		x := d.index.Load()
		for at := range x.slots {
			slot := x.slots[at].Load()
			if slot == 0 {
				continue
			}
			if e := x.entry(slot); e.version != cancelled && e.train == number {
				list = append(list, t.booking(day, e))
			}
		}
	}
	return list, lost
}

// booking returns an entry with its names.
func (t *Table) booking(day uint16, e *entry) Booking {
	labels, stations := *t.names.labels.Load(), *t.names.stations.Load()
	return Booking{Ticket: e.ticket, Day: day, Subject: e.subject, From: stations[e.from], To: stations[e.to],
		Train: labels[e.train], Departs: int64(e.departs), Arrives: int64(e.arrives), Coach: labels[e.coach], Seat: labels[e.seat]}
}

// Whole reports whether the table keeps the bookings of all stations.
func (t *Table) Whole() bool { return len(t.stations) == 0 }
