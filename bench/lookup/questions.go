package main

import "strings"

// question is what is asked, and an answer as a good model would give it.
type question struct {
	name         string
	copies       bool // the answer repeats most of the question
	text, answer string
}

const minutes = `The council met on 14 March in the town hall of Elmsford. Nine of eleven members were present; Ms Okafor and Mr Lindqvist had sent their apologies. The council first approved the minutes of the February meeting without changes. Mr Tanaka then reported on the repair of the river bridge: the eastern pier has been strengthened, the new railings are ordered, and traffic will be let through again in the second week of May. The cost stands at 412,000 euros, some 18,000 less than planned. The council thanked the engineers. Ms Delgado presented the plan for a library in the old station. The council asked for a second estimate of the heating costs and for a survey of the roof before it decides. Finally the council agreed to move the summer fair to the park behind the school, because the market square will be dug up for new water pipes until September.`

const source = `def load_orders(path, limit):
    orders = []
    with open(path) as f:
        for line in f:
            parts = line.strip().split(",")
            if len(parts) < 4:
                continue
            order = {
                "id": int(parts[0]),
                "customer": parts[1],
                "amount": float(parts[2]),
                "date": parts[3],
            }
            orders.append(order)
            if len(orders) >= limit:
                break
    return orders


def total_by_customer(orders):
    totals = {}
    for order in orders:
        customer = order["customer"]
        if customer not in totals:
            totals[customer] = 0.0
        totals[customer] += order["amount"]
    return totals


def report(orders):
    totals = total_by_customer(orders)
    for customer in sorted(totals):
        print(f"{customer}: {totals[customer]:.2f}")
`

const list = `[
  {"room": "Birch", "floor": 1, "seats": 8, "screen": true, "booked": "09:00-10:30"},
  {"room": "Cedar", "floor": 1, "seats": 12, "screen": true, "booked": "11:00-12:00"},
  {"room": "Elm", "floor": 2, "seats": 4, "screen": false, "booked": "13:30-14:00"},
  {"room": "Hazel", "floor": 2, "seats": 20, "screen": true, "booked": "08:30-16:00"},
  {"room": "Larch", "floor": 3, "seats": 6, "screen": false, "booked": "10:15-11:45"},
  {"room": "Maple", "floor": 3, "seats": 10, "screen": true, "booked": "15:00-17:00"}
]`

var misspelt = strings.NewReplacer("apologies", "appologies", "strengthened", "strenghtened", "railings", "railinngs",
	"engineers", "enginers", "estimate", "estimat", "September", "Septembre")

var questions = []question{
	{"quote", true, "Repeat the following text word for word.\n\n" + minutes, minutes},
	{"replace", true, "Repeat the following text, but write \"the board\" instead of \"the council\" everywhere.\n\n" + minutes,
		strings.NewReplacer("The council", "The board", "the council", "the board").Replace(minutes)},
	{"correct", true, "Correct the spelling mistakes in this text and change nothing else.\n\n" + misspelt.Replace(minutes), minutes},
	{"code", true, "Rename the function load_orders to read_orders and the variable parts to fields. Answer with the whole program.\n\n```python\n" + source + "```",
		"```python\n" + strings.NewReplacer("load_orders", "read_orders", "parts", "fields").Replace(source) + "```"},
	{"list", true, "Give every room two more seats. Answer with the whole list in JSON.\n\n" + list,
		strings.NewReplacer(`"seats": 8`, `"seats": 10`, `"seats": 12`, `"seats": 14`, `"seats": 4`, `"seats": 6`,
			`"seats": 20`, `"seats": 22`, `"seats": 6`, `"seats": 8`, `"seats": 10`, `"seats": 12`).Replace(list)},
	{"explain", false, "Why is the sky blue?",
		`Sunlight looks white, but it is made of all the colours of the rainbow, each of them a wave of its own length. When the light reaches the air around the Earth it meets molecules that are far smaller than those waves. Such small things scatter short waves much more strongly than long ones: violet and blue are thrown in every direction, while red and yellow pass almost straight through. So wherever you look, blue light comes to your eye from all over the sky. Our eyes see violet poorly, and some of it is lost higher up, which is why we call the result blue. In the evening the sun stands low and its light has to cross a lot more air. Most of the blue has been scattered away before it arrives, and what remains is orange and red.`},
	{"story", false, "Write a short story about a lighthouse keeper.",
		`Every night at dusk old Marten climbed the ninety-three steps and lit the lamp. He had done so for forty years, and in all that time no ship had been lost on the rocks below. One autumn a storm came that was worse than any he remembered. The wind broke a pane, rain put out the flame, and his matches were soaked. Far out, a small light was rocking on the waves. Marten ran down to the kitchen, took the glowing coals from the stove in an iron pot and carried them all the way up, burning his hands. The lamp caught just as the boat turned towards the cliffs. In the morning a young woman knocked on the door with a basket of bread. She never said what it was for, and he never asked, but from that day on there were two cups on the table.`},
	{"advice", false, "How should I prepare for a job interview?",
		`Begin by reading the advertisement again and marking the three or four things they seem to need most. For each of them think of a moment when you did something like it, and practise telling that story in under two minutes: what the problem was, what you did, and how it ended. Look up what the company sells, who its customers are and what has been in the news about it lately. Prepare two honest questions of your own, since people remember candidates who were curious. The day before, check how long the journey takes, choose clothes that you feel comfortable in, and get some sleep. When you are there, listen until the question has ended, take a breath, and then answer it. If you do not know something, say so and explain how you would find out.`},
	{"summary", false, "Summarise the following text in three sentences of your own.\n\n" + minutes,
		`At its March session, which two people missed, Elmsford's town government heard that work on the crossing over the river is nearly done, cheaper than expected, and that cars may use it from mid-May. A proposal to turn the former railway building into a place for books was put off, since more needs to be known about keeping it warm and about the state of its top. This year's festivities will take place on the green next to the classrooms, as workers are going to replace pipes under the usual spot during those months.`},
}
