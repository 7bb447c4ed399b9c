package passage

// ChangeGenerations makes an empty generation the current one, as Turn does when the window is over.
func (t *Table) ChangeGenerations() {
	t.turning.Lock()
	defer t.turning.Unlock()
	t.change()
}

// TurnSpan is how long a generation is the current one, ms.
func (t *Table) TurnSpan() int64 { return t.window + slack }
