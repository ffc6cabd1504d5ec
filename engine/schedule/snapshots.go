package schedule

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"freehold/engine/kvcache"
	"freehold/engine/program"
	"freehold/engine/snapshot"
)

// Snapshots lets the blocks of long texts outlive the process. The zero value
// does not.
type Snapshots struct {
	Store *snapshot.Store
	// Root names the model and whatever else the blocks' values depend on
	// besides the tokens.
	Root snapshot.Key
	// Worth is how much longer these blocks are kept than others that were used
	// at the same time, since they cost more to compute.
	Worth time.Duration
}

const (
	// keepFrom is the number of tokens from which a sequence is worth keeping.
	keepFrom = 256
	// keepBuffers bounds the memory of blocks on their way to the disk.
	keepBuffers = 8 << 20
	// keepShare is how much of the time saving may take while sequences run: one
	// part in so many.
	keepShare = 100
	// keepAtClose bounds how long closing waits for blocks to be saved.
	keepAtClose = 2 * time.Second
	// readAhead is how many blocks are read ahead of the scheduler.
	readAhead = 2
	// patience is how long a sequence waits for a block that it could compute.
	patience = time.Second
	// restoreShare is how many blocks a sequence gets between two steps of others.
	restoreShare = 4
)

// snapshots moves blocks between the cache and the store. Reading and writing
// are done by goroutines of their own; the scheduler's only copies blocks. A
// nil *snapshots does nothing; its methods are called by the scheduler's loop.
type snapshots struct {
	Snapshots
	exec  program.Executable
	cache *kvcache.Cache
	poke  func() // wakes the scheduler

	buffers sync.Pool
	reading sync.WaitGroup

	pending []unsaved // what is to be saved, the first one next
	listed  map[*kvcache.Block]bool
	room    chan struct{} // holds a value for every buffer on its way to the disk
	writes  chan write
	written chan struct{} // closed when the writer has ended
	broken  atomic.Bool   // the disk refuses
	last    atomic.Int64  // nanoseconds that the last write took
	rest    time.Time     // until when nothing is saved while sequences run
	epoch   uint64        // of the store, when something was last kept

	mu   sync.Mutex
	lost []lost // what the writer has to say
}

// unsaved is a block of the cache that the store may lack.
type unsaved struct {
	block *kvcache.Block
	key   snapshot.Key
	turn  time.Time
	epoch uint64
}

// lost is a block that is not on disk though it was thought to be.
type lost struct {
	unsaved
	refused bool // there is no room for it
}

// write is a block on its way to the disk. Without values it was stored before
// and gets another turn.
type write struct {
	unsaved
	values *[]byte
}

func newSnapshots(o Snapshots, exec program.Executable, cache *kvcache.Cache, poke func()) *snapshots {
	if o.Store == nil {
		return nil
	}
	size := exec.BlockBytes()
	buffers := max(2, keepBuffers/size)
	p := &snapshots{
		Snapshots: o, exec: exec, cache: cache, poke: poke,
		listed: map[*kvcache.Block]bool{},
		room:   make(chan struct{}, buffers), writes: make(chan write, buffers), written: make(chan struct{}),
	}
	p.buffers.New = func() any {
		b := make([]byte, size)
		return &b
	}
	go p.write()
	return p
}

// restore is the reading of a job's blocks.
type restore struct {
	ctx    context.Context
	stop   context.CancelFunc
	late   *time.Timer  // ends it when the disk takes too long
	blocks chan *[]byte // the values, in order; closed when there are no more
}

// begin starts to read what the store has of the job's prompt behind what the
// cache has.
func (p *snapshots) begin(j *job) {
	if p == nil || j.task.Score != nil {
		return
	}
	prompt := j.task.Prompt
	full := len(prompt) / program.BlockTokens
	first := len(j.seq.Tokens()) / program.BlockTokens
	if first >= full || len(j.seq.Tokens()) == len(prompt)-1 {
		return
	}
	if _, on := p.Store.Epoch(); !on {
		return
	}
	keys := p.keys(prompt[:full*program.BlockTokens])[first:]
	ctx, stop := context.WithCancel(j.ctx)
	r := p.wait(ctx, stop, patience)
	j.restore = r
	p.reading.Go(func() {
		defer p.poke()
		defer close(r.blocks)
		for _, k := range keys {
			values := p.buffers.Get().(*[]byte)
			if !p.Store.Get(k, *values) {
				p.buffers.Put(values)
				return
			}
			select {
			case r.blocks <- values:
				p.poke()
			case <-ctx.Done():
				return
			}
		}
	})
}

// wait makes a restore that ends when no block comes for so long.
func (p *snapshots) wait(ctx context.Context, stop context.CancelFunc, long time.Duration) *restore {
	late := time.AfterFunc(long, func() {
		stop()
		p.poke()
	})
	return &restore{ctx: ctx, stop: stop, late: late, blocks: make(chan *[]byte, readAhead)}
}

// keys are the keys of the blocks that hold the tokens.
func (p *snapshots) keys(tokens []int32) []snapshot.Key {
	keys := make([]snapshot.Key, 0, len(tokens)/program.BlockTokens)
	k := p.Root
	for block := range slices.Chunk(tokens, program.BlockTokens) {
		k = k.Next(block)
		keys = append(keys, k)
	}
	return keys
}

// restore puts what has been read into the cache and reports whether all jobs
// wait for more.
func (p *snapshots) restore(active []*job) (waiting bool) {
	reading := 0
	for _, j := range active {
		if j.restore != nil {
			reading++
		}
	}
	if reading == 0 {
		return false
	}
	share := restoreShare
	if reading == len(active) {
		share = 1 << 30 // nobody else waits
	}
	for _, j := range active {
		for n := 0; j.restore != nil && n < share; n++ {
			select {
			case values, more := <-j.restore.blocks:
				if !more || !p.restored(j, values) {
					j.endRestore()
					reading--
				} else {
					j.restore.late.Reset(patience)
				}
				continue
			default:
			}
			if j.restore.ctx.Err() != nil {
				j.endRestore()
				reading--
			}
			break
		}
	}
	return reading > 0 && reading == len(active)
}

// restored gives the job its next block; false if it can take no more.
func (p *snapshots) restored(j *job, values *[]byte) bool {
	defer p.buffers.Put(values)
	at := len(j.seq.Tokens())
	i := at / program.BlockTokens
	end := min((i+1)*program.BlockTokens, len(j.task.Prompt)-1) // a token is left to compute
	if end <= at || p.cache.Reserve(j.seq, end-at) != nil || p.exec.WriteBlock(j.seq.Table()[i], *values) != nil ||
		p.cache.Commit(j.seq, j.task.Prompt[at:end]...) != nil {
		return false
	}
	if blocks := j.seq.Blocks(); i < len(blocks) {
		p.cache.SetStored(blocks[i], true)
	}
	if j.task.Prefilled != nil {
		j.task.Prefilled(end, end)
	}
	if j.task.Restored != nil {
		j.task.Restored(end - at)
	}
	return true
}

// endRestore lets the job compute what it has not got.
func (j *job) endRestore() {
	if j.restore != nil {
		j.restore.late.Stop()
		j.restore.stop()
		j.restore = nil
	}
}

// keep lists the job's blocks for saving, if they are worth it.
func (p *snapshots) keep(j *job) {
	if p == nil || j.task.Score != nil || j.task.Private || len(j.seq.Tokens()) < keepFrom || p.broken.Load() {
		return
	}
	epoch, on := p.Store.Epoch()
	if !on {
		return
	}
	if p.epoch != epoch {
		p.epoch = epoch
		p.cache.NoneStored()
	}
	p.drop(func(u unsaved) bool { return u.block.ID() < 0 })
	blocks := j.seq.Blocks()
	turn := time.Now().Add(p.Worth)
	for i, key := range p.keys(j.seq.Tokens()[:len(blocks)*program.BlockTokens]) {
		if b := blocks[i]; !p.listed[b] {
			p.listed[b] = true
			// Of blocks that are used together the ends go first.
			p.pending = append(p.pending, unsaved{b, key, turn.Add(-time.Duration(i) * time.Microsecond), epoch})
		}
	}
}

// drop gives up saving some of what is pending.
func (p *snapshots) drop(some func(unsaved) bool) {
	p.pending = slices.DeleteFunc(p.pending, func(u unsaved) bool {
		gone := some(u)
		if gone {
			delete(p.listed, u.block)
		}
		return gone
	})
}

// save hands one pending block to the writer. There must be room for it, and
// room is what it takes.
func (p *snapshots) save() {
	u := p.pending[0]
	p.pending = p.pending[1:]
	delete(p.listed, u.block)
	if len(p.pending) == 0 {
		p.pending = nil
	}
	if epoch, on := p.Store.Epoch(); u.block.ID() < 0 || !on || u.epoch != epoch || p.broken.Load() {
		<-p.room
		return
	}
	w := write{unsaved: u}
	if !u.block.Stored() {
		w.values = p.buffers.Get().(*[]byte)
		if p.exec.ReadBlock(u.block.ID(), *w.values) != nil {
			<-p.room
			return
		}
		p.cache.SetStored(u.block, true)
	}
	p.writes <- w // which is as long as the room
}

// write is the writer's goroutine.
func (p *snapshots) write() {
	defer close(p.written)
	for w := range p.writes {
		if start := time.Now(); !p.broken.Load() {
			if !p.Store.Touch(w.key, w.turn) {
				p.put(w)
			}
			p.last.Store(int64(time.Since(start)))
		}
		if w.values != nil {
			p.buffers.Put(w.values)
		}
		<-p.room
	}
}

// put saves a block that is not there.
func (p *snapshots) put(w write) {
	l := lost{unsaved: w.unsaved}
	if w.values != nil {
		err := p.Store.Put(w.epoch, w.key, *w.values, w.turn)
		l.refused = errors.Is(err, snapshot.ErrNoRoom)
		if !l.refused {
			if err != nil {
				p.broken.Store(true)
			}
			return
		}
	}
	p.mu.Lock()
	p.lost = append(p.lost, l)
	p.mu.Unlock()
	p.poke()
}

// waiting reports whether there is something to save. What was stored and is
// there no longer, since other blocks needed the room on disk, is saved again;
// where there is no room for a block, there is none for those behind it.
func (p *snapshots) waiting() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	news := p.lost
	p.lost = nil
	p.mu.Unlock()
	for _, l := range news {
		if l.block.ID() >= 0 {
			p.cache.SetStored(l.block, false)
		}
		if l.refused {
			p.drop(func(u unsaved) bool { return !u.turn.After(l.turn) })
		} else if l.block.ID() >= 0 && !p.listed[l.block] {
			p.listed[l.block] = true
			p.pending = append(p.pending, l.unsaved)
		}
	}
	return len(p.pending) > 0
}

// beside saves a little while sequences run.
func (p *snapshots) beside() {
	if !p.waiting() {
		return
	}
	start := time.Now()
	if start.Before(p.rest) {
		return
	}
	select {
	case p.room <- struct{}{}:
		p.save()
		p.rest = start.Add(keepShare * (time.Since(start) + time.Duration(p.last.Load())))
	default:
	}
}

// idle saves until something happens, and waits for it.
func (p *snapshots) idle(wake <-chan struct{}) {
	for p.waiting() {
		select {
		case <-wake:
			return
		default:
		}
		select {
		case <-wake:
			return
		case p.room <- struct{}{}:
			p.save()
		}
	}
	<-wake
}

// close saves what is pending, but not for long, and ends the goroutines.
func (p *snapshots) close() {
	if p == nil {
		return
	}
	late, cancel := context.WithTimeout(context.Background(), keepAtClose)
	defer cancel()
	for p.waiting() && late.Err() == nil {
		select {
		case p.room <- struct{}{}:
			p.save()
		case <-late.Done():
		}
	}
	close(p.writes)
	ended := make(chan struct{})
	go func() {
		<-p.written
		p.reading.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-late.Done(): // they end when the disk lets them, and write no more
		p.broken.Store(true)
	}
}
