extension English {
  /// The ways to ask.
  static func wordings(_ form: QuestionForm) -> [Wording] {
    switch form {
    case .colourOf, .coloursOf, .isColour, .shapeOf, .shapeInColour: attributes[form] ?? []
    case .kindOf, .whatCategory, .onlyThing, .whatAt: kinds[form] ?? []
    case .howMany, .howManyAtAll, .isThere, .isThereNot: amounts[form] ?? []
    case .isInDirection, .whatInDirection, .leftOrRight, .aboveOrBelow, .furtherLeftOrRight, .side, .level, .placeOf:
      positions[form] ?? []
    case .isBigger, .whichIsBigger, .whichIsBiggest: sizes[form] ?? []
    case .refer, .identify, .detection, .grounding, .caption: tasks[form] ?? []
    case .greeting, .whatDoYouSee, .andColourOf, .itsColour, .itsPlace, .thanks, .whoAreYou: talk[form] ?? []
    }
  }

  private static let attributes: [QuestionForm: [Wording]] = [
    .colourOf: [
      "(what|which) (colour|color) is {the it}{here}?",
      "what (colour|color) is {the it}?",
      "(what is|what's) the (colour|color) of {the it}{here}?",
      "what (colour|color) does {the it} have?",
      "{the it} is (what|which) (colour|color)?",
      "{the it}, what (colour|color) is (it|that)?",
      "(tell me|name|give me|say) the (colour|color) of {the it}",
      "(can you tell me|do you know|could you say) what (colour|color) {the it} is?",
      "(colour|color) of {the it}?",
      "in (what|which) (colour|color) is {the it} (drawn|painted)?",
      "what (colour|color) has {the it} got?",
      "i (want|would like) to know the (colour|color) of {the it}",
      "what would you call the (colour|color) of {the it}?",
      "(see|look at) {the it}: what (colour|color) is it?",
    ],
    .coloursOf: [
      "what (colour|color) are the {plural it}{here}?",
      "which (colour|color) are the {plural it}?",
      "what's the (colour|color) of the {plural it}{here}?",
      "what (colour|color) do the {plural it} have?",
      "tell me the (colour|color) of the {plural it}",
      "the {plural it} are what (colour|color)?",
    ],
    .isColour: [
      "is {the it} {colour}?", "is {the it} {colour}?", "is {the it}{here} {colour}?",
      "is the (colour|color) of {the it} {colour}?", "is {colour} the (colour|color) of {the it}?",
      "does {the it} have a {colour} (colour|color)?", "would you say {the it} is {colour}?",
      "{the it} is {colour}, isn't it?", "do you see that {the it} is {colour}?", "is it {colour}, {the it}?",
      "is {the it} (drawn|painted|colored|coloured) {colour}?", "can it be that {the it} is {colour}?",
    ],
    .shapeOf: [
      "what shape is {the it}{here}?", "which shape is {the it}?", "what shape does {the it} have?",
      "what is the shape of {the it}?", "what's the shape of {the it}{here}?", "{the it} has what shape?",
      "tell me the shape of {the it}", "name the shape of {the it}", "what kind of shape is {the it}?",
      "which form does {the it} have?", "can you tell me what shape {the it} is?", "{the it}: what shape is it?",
      "i would like to know the shape of {the it}", "what geometric shape is {the it}?",
    ],
    .shapeInColour: [
      "(what|which) shape is {colour}?", "(what|which) shape is {colour}{here}?", "which of the shapes is {colour}?",
      "(what|which) {colour} shape (is|can be seen) in the (picture|image)?",
      "what shape is the {colour} (one|shape)?", "what shape does the {colour} (one|shape) have?",
      "(what|which) {colour} shape do you see{here}?", "(what|which) {colour} shape is there{here}?",
      "name the shape that is {colour}", "tell me which shape is {colour}", "the {colour} shape is what shape?",
      "what kind of shape is {colour}?", "what geometric shape is {colour}?",
      "(what|which) shape was drawn in {colour}?",
    ],
  ]

  private static let kinds: [QuestionForm: [Wording]] = [
    .kindOf: [
      "what is {the it}{here}?", "what is {the it}?", "what's {the it}?", "{the it} is what?",
      "{the it}, what is (it|that)?",
      "(can you tell me|do you know) what {the it} is?", "tell me what {the it} is", "what do you call {the it}?",
      "which thing is {the it}?", "what kind of (thing|object) is {the it}?", "{the it}: what (is it|do you see)?",
      "what can you say {the it} is?", "what would you call {the it}?", "name {the it}",
    ],
    .whatCategory: [
      "(what|which) {bare it} is (there|it|this){here}?", "(what|which) {bare it} (do|can) you see{here}?",
      "(what|which) {bare it} is in the (picture|image|photo)?", "(what|which) {bare it} is shown{here}?",
      "what kind of {bare it} is (there|it|this)?", "which {bare it} does the (picture|image) show?",
      "name the {bare it}{here}", "tell me (what|which) {bare it} is there", "what is the {bare it}{here}?",
      "what sort of {bare it} is (that|this|shown)?", "there is {a it}{here}, (what|which) one?",
      "(can you tell me|do you know) (what|which) {bare it} (is there|this is)?",
    ],
    .onlyThing: [
      "what is this?", "what is (it|that)?", "what is in the (picture|image|photo)?", "what (do|can) you see{here}?",
      "what does the (picture|image|photo) show?", "what is shown{here}?", "what's there{here}?", "what's this?",
      "which (object|thing) is in the (picture|image)?", "what (object|thing) is this?", "what am i looking at?",
      "tell me what this is", "what is there to see{here}?",
    ],
    .whatAt: [
      "what is {place}?", "what's {place}?", "what (do|can) you see {place}?", "what stands {place}?",
      "what is there {place}?", "which (object|thing) is {place}?", "what (object|thing) can be seen {place}?",
      "tell me what is {place}", "{place}, what is there?", "name what is {place}", "what has been put {place}?",
      "(can you tell me|do you know) what is {place}?", "what does one see {place}?",
    ],
  ]

  private static let amounts: [QuestionForm: [Wording]] = [
    .howMany: [
      "how many {plural it} are there{here}?", "how many {plural it} are there?", "how many {plural it}{here}?",
      "how many {plural it} (do|can) you (see|count|find){here}?",
      "how many {plural it} does the (picture|image) (show|have|contain)?",
      "what is the number of {plural it}{here}?", "what's the number of {plural it}?", "number of {plural it}?",
      "count the {plural it}{here}", "(please count|could you count|can you count) the {plural it}{here}?",
      "how many {plural it} (can be seen|are visible|are shown){here}?", "tell me how many {plural it} there are{here}",
      "(can you tell me|do you know) how many {plural it} there are?", "{plural it}: how many?",
      "how many {plural it} did they draw{here}?", "in the (picture|image), how many {plural it} are there?",
    ],
    .howManyAtAll: [
      "how many (objects|things|items) are (in|on) the (picture|image|photo)?",
      "how many (objects|things) are there{here}?",
      "how many (objects|things|items) (do|can) you (see|count){here}?", "count (all the|the) (objects|things){here}",
      "how many (objects|things) are there (in all|altogether|in total)?",
      "what is the (total number|number) of objects{here}?",
      "how many different (objects|things) can be seen{here}?", "number of (objects|things)?",
      "how many (objects|things|items) does the (picture|image) (show|have|contain)?",
      "how many are there (in all|altogether|in total)?",
      "tell me how many (objects|things) there are{here}", "(can you|please) count everything{here}?",
    ],
    .isThere: [
      "is there {a it}{here}?", "is there {a it}?", "is there any {bare it}{here}?", "are there any {plural it}{here}?",
      "are there {plural it}{here}?", "(do|can) you see {a it}{here}?", "(do|can) you see any {plural it}{here}?",
      "does the (picture|image|photo) (show|have|contain) {a it}?", "is {a it} (shown|visible){here}?",
      "any {plural it}{here}?",
      "can you find {a it}{here}?", "is there at least one {bare it}{here}?", "do we have {a it}{here}?",
      "tell me whether there is {a it}{here}", "i wonder if there is {a it}{here}", "{a it}, is there one{here}?",
      "is {a it} in the (picture|image|photo)?", "is one of the (things|objects) {a it}?",
    ],
    .isThereNot: [
      "is there no {bare it}{here}?", "is there no {bare it}?", "are there no {plural it}{here}?",
      "isn't there {a it}{here}?",
      "isn't there any {bare it}{here}?", "aren't there any {plural it}{here}?",
      "there is no {bare it}{here}, is there?",
      "there isn't {a it}{here}, is there?", "there are no {plural it}{here}, are there?",
      "there aren't any {plural it}{here}, are there?", "don't you see {a it}{here}?", "do you not see {a it}{here}?",
      "can't you see any {plural it}{here}?", "doesn't the (picture|image|photo) (show|have|contain) {a it}?",
      "does the (picture|image) not (show|contain) any {plural it}?",
      "isn't there {a it} in the (picture|image|photo)?",
      "is there not {a it}{here}?", "you don't see {a it}{here}, do you?",
    ],
  ]

  private static let positions: [QuestionForm: [Wording]] = [
    .isInDirection: [
      "is {the it} {direction} {the other}?", "is {the it} {direction} {the other}?",
      "is {the it} {direction} {the other}{here}?",
      "(can you see|do you see|can you tell) if {the it} is {direction} {the other}?",
      "does {the it} (lie|stand) {direction} {the other}?",
      "would you say {the it} is {direction} {the other}?", "{the it} is {direction} {the other}, isn't it?",
      "is it {the it} that is {direction} {the other}?", "tell me whether {the it} is {direction} {the other}",
      "{the it}, is it {direction} {the other}?", "do we find {the it} {direction} {the other}?",
      "was {the it} (put|placed|drawn) {direction} {the other}?",
      "in the (picture|image), is {the it} {direction} {the other}?",
    ],
    .whatInDirection: [
      "what is {direction} {the other}?", "what is {direction} {the other}?", "what's {direction} {the other}?",
      "what (do|can) you see {direction} {the other}?", "which (object|thing) is {direction} {the other}?",
      "what (object|thing) (lies|stands) {direction} {the other}?", "tell me what is {direction} {the other}",
      "what is there {direction} {the other}?", "{direction} {the other}, what is there?",
      "what can be seen {direction} {the other}?", "name the (object|thing) {direction} {the other}",
      "(can you tell me|do you know) what is {direction} {the other}?",
    ],
    .leftOrRight: [
      "is {the it} (left or right of|to the left or to the right of|to the left or right of) {the other}?",
      "is {the it} (right or left of|to the right or to the left of) {the other}?",
      "on which side of {the other} is {the it}?", "which side of {the other} is {the it} on?",
      "on what side of {the other} do you see {the it}?", "{the it}: left or right of {the other}?",
      "left or right of {the other}: where is {the it}?", "seen from {the other}, is {the it} left or right?",
      "tell me if {the it} is left or right of {the other}", "does {the it} stand left or right of {the other}?",
      "is {the it} on the left or on the right of {the other}?", "is {the it} right of {the other} or left of it?",
    ],
    .aboveOrBelow: [
      "is {the it} (above or below|below or above) {the other}?", "is {the it} above or below {the other}{here}?",
      "is {the it} (above or under|over or below|higher or lower than) {the other}?",
      "{the it}: above or below {the other}?",
      "above or below {the other}: where is {the it}?", "tell me if {the it} is above or below {the other}",
      "does {the it} (lie|stand) above or below {the other}?", "do you see {the it} above or below {the other}?",
      "is {the it} above {the other} or below it?", "seen from {the other}, is {the it} above or below?",
      "was {the it} drawn above or below {the other}?", "would you say {the it} is above or below {the other}?",
    ],
    .furtherLeftOrRight: [
      "which is {further}, {the it} or {the other}?", "what is {further}, {the it} or {the other}?",
      "{the it} or {the other}, which is {further}?", "which one is {further}: {the it} or {the other}?",
      "which of the two is {further}, {the it} or {the other}?", "is {the it} or {the other} {further}?",
      "tell me which is {further}, {the it} or {the other}", "{the it} and {the other}: which one is {further}?",
    ],
    .side: [
      "is {the it} on the left or on the right{here}?", "is {the it} on the left or the right side{here}?",
      "on which side{here} is {the it}?", "which side is {the it} on?",
      "which side of the (picture|image) is {the it} on?",
      "left or right: where is {the it}?", "is {the it} left or right{here}?", "on what side do you see {the it}?",
      "{the it}, is it left or right?", "is {the it} in the left or in the right half{here}?",
      "tell me if {the it} is on the left or on the right", "do you see {the it} on the right or on the left?",
    ],
    .level: [
      "is {the it} at the top or at the bottom{here}?", "is {the it} in the upper or in the lower (half|part){here}?",
      "is {the it} at the bottom or at the top?", "top or bottom: where is {the it}?", "is {the it} up or down{here}?",
      "{the it}, is it at the top or at the bottom?", "tell me if {the it} is at the top or at the bottom",
      "do you see {the it} at the top or at the bottom?", "is {the it} near the top or near the bottom{here}?",
      "is {the it} nearer to the top or to the bottom?", "in which half is {the it}, top or bottom?",
      "was {the it} drawn at the top or at the bottom?",
    ],
    .placeOf: [
      "where is {the it}{here}?", "where is {the it}?", "where's {the it}?", "where (do|can) you see {the it}{here}?",
      "in what part of the (picture|image) is {the it}?", "where in the (picture|image|photo) is {the it}?",
      "what is the (position|place) of {the it}?", "tell me where {the it} is", "whereabouts is {the it}?",
      "(can you tell me|do you know) where {the it} is?", "{the it}: where is it?",
      "where was {the it} (put|placed|drawn)?",
      "in which corner or side is {the it}?", "where should i look for {the it}?",
    ],
  ]

  private static let sizes: [QuestionForm: [Wording]] = [
    .isBigger: [
      "is {the it} {bigger} than {the other}?", "is {the it} {bigger} than {the other}?",
      "is {the it} {bigger} than {the other}{here}?",
      "would you say {the it} is {bigger} than {the other}?", "tell me whether {the it} is {bigger} than {the other}",
      "{the it} is {bigger} than {the other}, isn't it?", "does {the it} look {bigger} than {the other}?",
      "{the it}, is it {bigger} than {the other}?", "is {the it} the {bigger} one beside {the other}?",
      "was {the it} drawn {bigger} than {the other}?", "do you see that {the it} is {bigger} than {the other}?",
      "compared with {the other}, is {the it} {bigger}?",
    ],
    .whichIsBigger: [
      "which is {bigger}, {the it} or {the other}?", "what is {bigger}, {the it} or {the other}?",
      "which one is {bigger}: {the it} or {the other}?", "{the it} or {the other}, which is {bigger}?",
      "is {the it} or {the other} {bigger}?", "which of the two is {bigger}, {the it} or {the other}?",
      "{the it} and {the other}: which is {bigger}?", "tell me which is {bigger}, {the it} or {the other}",
      "which looks {bigger}, {the it} or {the other}?", "between {the it} and {the other}, which is {bigger}?",
      "what's {bigger}: {the it} or {the other}?", "{bigger}: {the it} or {the other}?",
    ],
    .whichIsBiggest: [
      "which {bare it} is the {biggest}{here}?", "which {bare it} is {biggest}?", "what {bare it} is the {biggest}?",
      "what is the {biggest} {bare it}{here}?", "what's the {biggest} {bare it}?",
      "which is the {biggest} {bare it}{here}?",
      "name the {biggest} {bare it}", "tell me what the {biggest} {bare it} is",
      "which of the {plural it} is the {biggest}?",
      "of all the {plural it}, which is the {biggest}?", "the {biggest} {bare it}{here} is what?",
      "(can you tell me|do you know) what the {biggest} {bare it} is?",
    ],
  ]

  private static let tasks: [QuestionForm: [Wording]] = [
    .refer: [
      "{the it}", "{the it}", "{the it}", "{bare it}", "where is {the it}?", "where is {the it}{here}?",
      "where's {the it}?",
      "find {the it}", "show me {the it}", "point (at|to) {the it}", "give me the location of {the it}",
      "locate {the it}",
      "give me the (position|box) of {the it}", "from this image, tell me the location of {the it}", "mark {the it}",
      "can you (find|point out|show me) {the it}?", "could you tell me the location of {the it}?",
      "where can i (find|locate) {the it}?", "i am looking for {the it}", "box around {the it}",
    ],
    .identify: [
      "what is this {box}", "what is this {box}?", "what is this {box}", "{box} what is (it|this)?",
      "{box} what is (it|this)?",
      "{box} is what?", "what is in {box}?", "what is at {box}?", "(what's|which thing is) in {box}?",
      "what object is in this location {box}?", "identify the object[ present] at this location {box}",
      "what (do|can) you see in {box}?", "which object is at {box}?", "{box}", "name the (thing|object) in {box}",
      "tell me what is in {box}", "what does the region {box} (show|contain)?", "look at {box}, what is there?",
    ],
    .detection: [
      "{names}", "{names}", "{names}", "{names}", "find {names}", "find (all|the|all the) {plurals}", "detect {names}",
      "detect (all|the|all the) {plurals}", "show me {names}", "show (me all|all the|the) {plurals}",
      "where are the {plurals}?", "mark (all|the|all the) {plurals}", "mark every {singulars}", "locate {names}",
      "point (at|out) {names}", "look for {names}", "boxes (of|for|around) {names}", "are there {plurals}? where?",
      "where do you see {plurals}?",
    ],
    .grounding: [
      "please describe this image in detail", "please describe this image in detail",
      "describe this (image|picture) in detail",
      "describe the (image|picture|photo) as detailed as possible", "describe everything and where it is",
      "describe the (picture|image) and point at what you name", "what is where in the (picture|image)?",
      "tell me what you see and where", "say what is there and show where", "give me a description with boxes",
      "describe this (picture|image) with boxes", "what do you see, and where?",
      "give a detailed description of this (picture|image)",
      "name all the (objects|things) with their places", "describe what is in the (picture|image) and locate it",
    ],
    .caption: [
      "briefly describe this image", "briefly describe this (image|picture|photo)",
      "describe this (image|picture|photo)",
      "describe the (image|picture|photo) (briefly|shortly|in a sentence|in one line)",
      "what is in the (picture|image|photo)?",
      "what does the (picture|image|photo) show?", "what (do|can) you see{here}?",
      "give me a (short|brief) (description|caption)",
      "a caption, please", "write a caption for this (picture|image|photo)", "caption this (image|picture)",
      "tell me what is in the (picture|image)", "sum up this (picture|image)", "name everything you see",
      "list (all the|the) (objects|things){here}", "can you describe what is in this (picture|image)?",
    ],
  ]

  private static let talk: [QuestionForm: [Wording]] = [
    .greeting: [
      "hello", "hello!", "hi", "hi!", "hi there", "hey", "hey there", "hello there",
      "good (morning|evening|afternoon|day)",
      "hello, how are you?", "greetings", "hi you", "hello model",
    ],
    .whatDoYouSee: [
      "what do you see?", "what do you see{here}?", "what can you see?", "what is in the (picture|image|photo)?",
      "what's there?",
      "tell me about the (picture|image|photo)", "what does it show?", "what is this a (picture|photo) of?",
      "describe the (picture|image)", "describe what you see", "what is going on here?", "what have we got here?",
      "can you describe it?", "what's on this (picture|photo)?",
    ],
    .andColourOf: [
      "and {the it}?", "and {the it}?", "and what about {the it}?", "what about {the it}?", "how about {the it}?",
      "and that of {the it}?", "the same for {the it}?", "ok, and {the it}?", "and the (colour|color) of {the it}?",
      "now {the it}?", "fine, and {the it}?", "then {the it}?",
    ],
    .itsColour: [
      "what (colour|color) is it?", "what (colour|color) is it?", "and its (colour|color)?",
      "which (colour|color) is it?",
      "what's its (colour|color)?", "what (colour|color) does it have?", "and what (colour|color) is it?",
      "its (colour|color)?",
      "tell me its (colour|color)", "in what (colour|color)?", "what (colour|color)?", "ok, and the (colour|color)?",
    ],
    .itsPlace: [
      "where is it?", "where is it?", "and where is it?", "where?", "where's it?", "and where?",
      "in what part of the (picture|image)?",
      "where do you see it?", "where in the (picture|image) is it?", "what is its position?", "tell me where it is",
      "where can i find it?",
    ],
    .thanks: [
      "thanks", "thank you", "thank you!", "thanks a lot", "thanks!", "thank you very much", "thx", "great, thanks",
      "ok, thank you", "cheers", "many thanks", "good, thanks",
    ],
    .whoAreYou: [
      "who are you?", "what are you?", "who am i talking to?", "tell me about yourself", "are you a robot?",
      "what is your name?",
      "introduce yourself", "and who are you?", "what can you do?", "are you a person?", "what kind of model are you?",
      "who is there?",
    ],
  ]

  // MARK: Slots

  /// What stands in a slot of a wording, put freely.
  static func fill(_ slot: String, _ topic: QuestionTopic, _ random: inout TalkRandom) -> String {
    let words = slot.split(separator: " ")
    if words.count == 2, let form = Slot(rawValue: String(words[0])) {
      return (words[1] == "other" ? topic.other : topic.it).map { varied(form, $0, &random) } ?? ""
    }
    switch slot {
    case "colour": return topic.colour.map { name($0, &random) } ?? ""
    case "direction": return topic.direction.map { varied($0, &random) } ?? ""
    case "place": return topic.place.map { varied($0, &random) } ?? ""
    case "box": return topic.box
    case "here":
      if random.chance(0.5) { return "" }
      return random.pick([
        " in the picture", " in the image", " here", " in this picture", " in this image", " in the photo",
        " in the scene",
      ]) ?? ""
    case "further": return topic.direction.map { further($0, &random) } ?? ""
    case "bigger":
      return random.pick(topic.bigger ? ["bigger", "bigger", "larger"] : ["smaller"]) ?? ""
    case "biggest":
      return random.pick(topic.bigger ? ["biggest", "biggest", "largest"] : ["smallest", "smallest", "tiniest"]) ?? ""
    case "names": return names(topic.names, plural: topic.names.count > 1 || random.chance(0.5), &random)
    case "plurals": return names(topic.names, plural: true, &random)
    case "singulars": return names(topic.names, plural: false, &random)
    default: return ""
    }
  }

  private static func names(_ names: [Description], plural: Bool, _ random: inout TalkRandom) -> String {
    let words = names.map { name in
      name.noun == .kind(.scissors) && random.chance(0.7) ? "scissors" : varied(plural ? .plural : .bare, name, &random)
    }
    return TalkAnswer.listed(words, and: random.chance(0.85) ? "and" : "&")
  }

  private static func further(_ direction: Direction, _ random: inout TalkRandom) -> String {
    switch direction {
    case .left: random.pick(["further left", "more to the left", "farther to the left"]) ?? ""
    case .right: random.pick(["further right", "more to the right", "farther to the right"]) ?? ""
    case .above: random.pick(["higher", "higher up", "further up"]) ?? ""
    case .below: random.pick(["lower", "lower down", "further down"]) ?? ""
    }
  }
}
