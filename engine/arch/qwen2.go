package arch

// qwen2 is the family of Qwen 2 and 2.5: a llama with biases on queries, keys
// and values, and rotary positions that pair the two halves of a head
// (Yang et al., 2024).
func qwen2(l *loader) (*Model, error) { return dense(l, false) }
