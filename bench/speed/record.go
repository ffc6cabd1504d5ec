package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"github.com/jaypipes/ghw"
	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/host"
)

// record is one engine's measurement of one test in one round: a line of the
// data file. The names are those that `freehold bench` uses.
type record struct {
	Round           string        `json:"round"` // when it began; the same for all engines in it
	Time            time.Time     `json:"time"`
	Engine          string        `json:"engine"`
	Version         string        `json:"version"`
	Model           string        `json:"model"`
	Threads         int           `json:"threads"`
	Busy            int           `json:"busy,omitempty"` // processes beside that used a core each
	Test            string        `json:"test"`
	TokensPerSecond float64       `json:"tokens_per_second"` // median of the samples
	Samples         []float64     `json:"samples"`
	Command         string        `json:"command"`
	Machine         machine       `json:"machine"`
	Foreign         float64       `json:"foreign,omitempty"` // share of the processor that other work used meanwhile
	used            time.Duration // processor time of the engine, 0 if unknown

	// Told by Freehold only.
	GBPerSecond  float64 `json:"gb_per_second,omitempty"`
	GOPPerSecond float64 `json:"gop_per_second,omitempty"`
	ReadShare    float64 `json:"read_share,omitempty"`
	ComputeShare float64 `json:"compute_share,omitempty"`
	ISA          string  `json:"isa,omitempty"`
	Limits       *struct {
		Read float64 `json:"read_gb_per_second"`
		Int8 float64 `json:"int8_gop_per_second"`
		F32  float64 `json:"f32_gop_per_second"`
	} `json:"limits,omitempty"`
}

// machine is where it was measured.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"` // physical
	Memory int64  `json:"memory"`
	OS     string `json:"os"`
	Kernel string `json:"kernel"`
}

func thisMachine() (machine, error) {
	chip, err := ghw.CPU(ghw.WithDisableWarnings())
	if err != nil || len(chip.Processors) == 0 {
		return machine{}, fmt.Errorf("cannot tell the processor: %w", err)
	}
	m := machine{CPU: chip.Processors[0].Model, Cores: int(chip.TotalCores)}
	if memory, err := ghw.Memory(ghw.WithDisableWarnings()); err == nil {
		m.Memory = memory.TotalUsableBytes
	}
	if info, err := host.Info(); err == nil {
		m.OS, m.Kernel = info.Platform+" "+info.PlatformVersion, info.KernelVersion
	}
	return m, nil
}

// busyTime is the time that all processors together have worked since the
// machine was started, time that its host took from it included.
func busyTime() (time.Duration, error) {
	t, err := cpu.Times(false)
	if err != nil || len(t) == 0 {
		return 0, fmt.Errorf("cannot tell how busy the processor is: %w", err)
	}
	busy := t[0].User + t[0].System + t[0].Nice + t[0].Irq + t[0].Softirq + t[0].Steal
	return time.Duration(busy * float64(time.Second)), nil
}

// readRecords reads a data file; one that is not there yet is empty.
func readRecords(path string) ([]record, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var records []record
	d := json.NewDecoder(bufio.NewReader(f))
	for {
		var r record
		err := d.Decode(&r)
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: measurement %d: %w", path, len(records)+1, err)
		}
		records = append(records, r)
	}
}

func appendRecords(path string, records []record) error {
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	e := json.NewEncoder(f)
	for _, r := range records {
		if err := e.Encode(r); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

// keepBusy starts n processes that use a core each until stop is called, or
// this one ends.
func keepBusy(n int) (stop func(), err error) {
	var started []func()
	stop = func() {
		for _, end := range started {
			end()
		}
	}
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for range n {
		cmd := exec.Command(own, "-spin")
		in, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			stop()
			return nil, err
		}
		started = append(started, func() { in.Close(); _ = cmd.Wait() })
	}
	return stop, nil
}

// useCore computes until in ends.
func useCore(in io.Reader) {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(ended)
	}()
	for x := 1.0; ; {
		for range 1 << 16 {
			x = x*1.0000001 + 1e-9
		}
		select {
		case <-ended:
			if x == 0 { // never; it keeps the loop
				fmt.Println(x)
			}
			return
		default:
		}
	}
}
