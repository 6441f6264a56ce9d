"""Ten interests: which real purchases show them, and how people speak of them.

`things` complete the sentences of `sandbox.world.social`; `remarks` are sentences of their own.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interest:
    name: str
    bought: str
    """SQL condition on `products` and `transactions`: a line that shows the interest."""
    things: tuple[str, ...]
    remarks: tuple[str, ...]


def _categories(*names: str) -> str:
    return f"product_category IN ({', '.join(repr(name) for name in names)})"


INTERESTS = (
    Interest(
        "fresh_produce",
        "department = 'PRODUCE' AND product_category <> 'ORGANICS FRUIT & VEGETABLES'",
        ("ripe peaches", "sweet corn", "fresh berries", "crisp salad greens", "heirloom tomatoes", "local apples",
         "avocados", "the melon stand", "fresh herbs", "seasonal vegetables"),
        ("The produce section was so colorful this morning!", "We go through a bag of clementines a day in this house.",
         "Five a day is easy when the strawberries taste like this.", "Honestly the greens wilt too fast lately."),
    ),
    Interest(
        "organic_healthy",
        "department = 'NUTRITION' OR product_category IN ('ORGANICS FRUIT & VEGETABLES', 'FITNESS&DIET', 'VITAMINS')",
        ("organic milk", "gluten free pasta", "protein bars", "plant based burgers", "whole grain cereal", "kale chips",
         "almond milk", "vitamins", "low sugar snacks", "quinoa"),
        ("Trying to eat clean this year, more organic choices please.", "Finally a store that takes vegans seriously.",
         "Reading every label since my doctor's visit.", "Started keto in January and you have been a lifesaver."),
    ),
    Interest(
        "baking",
        _categories("BAKING MIXES", "BAKING NEEDS", "FLOUR & MEALS", "SUGARS/SWEETNERS", "COOKWARE & BAKEWARE"),
        ("cake flour", "chocolate chips", "sourdough starter", "vanilla extract", "cupcake liners", "bread flour",
         "pie crust", "brownie mix", "powdered sugar", "cookie cutters"),
        ("My oven has not been off all weekend.", "Made three dozen snickerdoodles for the school bake sale.",
         "Grandma's pound cake turned out perfect at last.", "Nothing beats the smell of bread from your own oven."),
    ),
    Interest(
        "wine_spirits",
        _categories("DOMESTIC WINE", "IMPORTED WINE", "MISC WINE", "LIQUOR", "BEERS/ALES"),
        ("a dry riesling", "pinot noir", "craft beer", "the bourbon selection", "prosecco", "a good malbec",
         "single malt", "the wine tasting", "local IPAs", "cocktail mixers"),
        ("Wine o'clock starts early on Fridays!", "Pairing suggestions for a big cabernet, anyone?",
         "Picked up a six pack for the game.", "Your cellar guy knows his Burgundy."),
    ),
    Interest(
        "baby_family",
        _categories("BABY FOODS", "DIAPERS & DISPOSABLES", "INFANT FORMULA", "BABY HBC", "INFANT CARE PRODUCTS",
                    "TOYS AND GAMES"),
        ("diapers", "baby food pouches", "formula", "baby wipes", "teething biscuits", "lunch box snacks for the kids",
         "stroller friendly aisles", "toddler snacks", "birthday party supplies", "baby shampoo"),
        ("With twins at home we live in the baby aisle.", "Our little one just started solids!",
         "Three kids, one cart, pray for me.", "Newborn here, so send coffee and diapers."),
    ),
    Interest(
        "pets",
        _categories("CAT FOOD", "DOG FOODS", "CAT LITTER", "PET CARE SUPPLIES", "BIRD SEED"),
        ("grain free dog food", "cat litter", "chew toys", "wet cat food", "puppy treats", "bird seed",
         "the rescue kitten", "flea shampoo", "dog biscuits", "kibble for a senior lab"),
        ("My beagle sits by the door when I come back from your store.", "Two cats and a rabbit, imagine the bill.",
         "Adopted a puppy last week, what do we need?", "The cat only eats one brand and you have it, thank you!"),
    ),
    Interest(
        "ready_meals",
        _categories("FRZN MEAT/MEAT DINNERS", "FROZEN PIZZA", "HEAT/SERVE", "PREPARED FOOD", "SANDWICHES", "SUSHI",
                    "DINNER MXS:DRY", "FRZN BREAKFAST FOODS", "CHICKEN/POULTRY"),
        ("frozen pizza", "the rotisserie chicken", "microwave dinners", "a grab and go salad", "your sushi counter",
         "frozen lasagna", "heat and serve ribs", "breakfast burritos", "a ready made stir fry", "deli sandwiches"),
        ("After a twelve hour shift nobody cooks at our place.", "Dinner in five minutes is the only way on weekdays.",
         "Does the hot bar stay open after eight?", "I can't cook to save my life, so thank you."),
    ),
    Interest(
        "bargain_hunting",
        "coupon_disc > 0",
        ("double coupon day", "the weekly ad", "digital coupons", "buy one get one", "clearance", "fuel points",
         "the senior discount", "cash back offers", "the ten for ten deals", "markdowns"),
        ("Saved 42 dollars today, the cashier applauded.", "Prices went up again, I need every coupon I can get.",
         "Stacked three coupons on one item, personal record!", "Is the sale price valid until Tuesday?"),
    ),
    Interest(
        "barbecue_meat",
        _categories("BEEF", "PORK", "CHARCOAL AND LIGHTER FLUID", "DINNER SAUSAGE", "HOT DOGS", "SMOKED MEATS", "LAMB",
                    "VEAL", "BACON"),
        ("ribeye steaks", "baby back ribs", "charcoal", "a whole brisket", "thick cut bacon", "bratwurst",
         "pulled pork", "ground chuck for burgers", "the butcher's counter", "hickory chips"),
        ("Smoker is running since four this morning.", "Low and slow, that is the secret.",
         "Grill season never ends in this family.", "Ask your butcher for the tri-tip, you will not regret it."),
    ),
    Interest(
        "beauty",
        "department = 'COSMETICS' OR " + _categories("HAIR CARE PRODUCTS", "HAND/BODY/FACIAL PRODUCTS",
                                                     "HAIR CARE ACCESSORIES", "MAKEUP AND TREATMENT"),
        ("the new mascara", "hair color", "a sheet mask", "that lipstick shade", "body lotion", "argan shampoo",
         "nail polish", "face serum", "cruelty free makeup", "bath bombs"),
        ("Treat yourself Sunday: face mask and a bath.", "My curls have never looked better.",
         "Would love a beauty advisor in the store on weekends.", "That foundation matches my skin at last."),
    ),
)  # fmt: skip

NEUTRAL = (
    "What time do you open on Sunday?", "Great post!", "Is the parking lot still closed?", "Happy holidays to you all!",
    "The self checkout was down again today.", "Love this store.", "Long lines this afternoon, please open a register.",
    "Shout out to Denise at the service desk, she was so kind.", "Do you deliver to the east side?", "Following!",
    "First!", "My card was charged twice, who do I call?", "Thanks for supporting the food bank.", "Lol same here",
    "The app keeps logging me out.", "Are you hiring for the summer?", "Nice new look of the entrance.",
    "Can you bring back the old loyalty card?", "Beautiful picture!", "Tagging my sister here.",
)  # fmt: skip
SENTENCES = (
    "So happy you carry {0} now!", "I could live on {0}.", "Where do I find {0} in the new layout?",
    "Please bring back {0}, the kids keep asking.", "Stopped by for {0} and left with a full cart.",
    "Nobody does {0} like you do.", "Any deals on {0} this week?", "Out of {0} again, really disappointed.",
    "Weekend plans: {0} and {1}.", "{0} and {1}, what else does one need?", "My husband is obsessed with {0}.",
    "Is {0} in stock at the downtown store?", "Tried {0} for the first time, wow.", "More of {0} please!",
    "I drive twenty minutes just for {0}.", "Tell me you have {0} for Saturday.", "We need {0} every single week.",
    "Best place in town for {0}, and do not get me started on {1}.", "Can someone recommend {0}?",
    "The price of {0} is getting out of hand.", "Got {0} yesterday and it was perfect.", "Still dreaming about {0}.",
)  # fmt: skip
CONTRASTS = (
    "Not into {1} at all, but {0} I cannot resist.", "You can keep {1}, I am here for {0}.",
    "I used to buy {1}, these days it is all {0}.",
)  # fmt: skip
"""{0} is the interest's, {1} another interest's: what a keyword search gets wrong."""
ANSWERS = (
    "{0}", "{0} and {1}", "mostly {0}", "anything with {0}", "{0}, always", "probably {0}", "I come for {0}",
    "{0}!!", "love {0}", "{0}, sometimes {1}", "my family lives on {0}", "definitely {0} :)",
)  # fmt: skip
"""To a form's "What is your favourite category?"."""
